"""The routes of access, and the addresses by which this recorder is reached."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Protocol

from aiohttp import web

from gate.client.uplink_status import UplinkStatus
from gate.licence.text import Language
from recorder.access.access import Access
from recorder.access.audit_route import AuditRoute
from recorder.access.opening import sign_in_place
from recorder.access.session_route import SessionRoute
from recorder.access.users_route import UsersRoute
from recorder.remote.settings import RemoteConfig


class Licence(Protocol):
    """The part of a licence source that says where people of the service sign in."""

    @property
    def status(self) -> UplinkStatus | None: ...


def add_access(
    router: web.UrlDispatcher, access: Access, licence: Licence, now: Callable[[], datetime], default: Language
) -> None:
    """Adds the routes. Without a place to keep it there is no audit log to read."""

    def sign_in_at(nonce: str, back: str) -> str:
        status = licence.status
        assert status is not None, "access: service takes a licence service"
        return sign_in_place(status.url, status.device, nonce, back)

    SessionRoute(access, default, sign_in_at).add_to(router)
    UsersRoute(access, now, default).add_to(router)
    if access.database is not None:
        router.add_get("/api/v1/audit", AuditRoute(access.database, default).show, allow_head=False)


def origins_of(remote: RemoteConfig, port: int, own_addresses: Iterable[str]) -> tuple[str, ...]:
    """The origins of the pages under which people reach it (`https://recorder.example:8600`). Pure."""
    scheme, usual = ("https", 443) if remote.encrypted else ("http", 80)
    hosts = ["localhost", "127.0.0.1", *(own_addresses if remote.beyond_loopback else ()), *remote.names]
    shown = [f"[{host}]" if ":" in host else host for host in hosts]
    return tuple(f"{scheme}://{host}" + ("" if port == usual else f":{port}") for host in dict.fromkeys(shown))
