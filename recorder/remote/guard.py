"""Who may talk to the remote side at all, and the headers that every answer carries.

1. The Host header names this machine's loopback, or, where it listens beyond that, its address in digits or one of
   `remote.names`: a foreign name that resolves here (DNS rebinding) gets nothing.
2. A WebSocket, and whatever changes something, comes from this very host and port if it has an Origin: another site's
   page can neither watch nor operate.
3. The page loads nothing but its own files, is framed by nobody and posts to nobody (Content-Security-Policy).
"""

import ipaddress
from collections.abc import Container
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Middleware

from gate.config_fields import host_is_loopback
from gate.licence.text import Language
from gate.own_origin import origin_is_own
from recorder.remote.settings import RemoteConfig
from recorder.web.middleware import Handler, language_of
from recorder.web.problem import own_problem, problem_response

_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; media-src 'self' blob:; "
        "img-src 'self' data: blob:; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def host_is_served(host: str | None, *, names: Container[str], beyond_loopback: bool) -> bool:
    """Rule 1. Nobody can make a name resolve to an address and send that address as Host, so digits are safe. Pure."""
    if not host or host_is_loopback(host):
        return host_is_loopback(host)
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name in names:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return beyond_loopback


def guard_middleware(default: Language, remote: RemoteConfig) -> Middleware:
    """Refuses foreign hosts with 421, and foreign pages' WebSockets and changes with 403."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        host = request.headers.get("Host")
        if not host_is_served(host, names=remote.names, beyond_loopback=remote.beyond_loopback):
            return problem_response(own_problem("host_refused", language_of(request, default)))
        guarded = request.method not in _SAFE_METHODS or request.headers.get("Upgrade", "").lower() == "websocket"
        if guarded and not origin_is_own(request.headers.get("Origin"), host):
            return problem_response(own_problem("origin_refused", language_of(request, default)))
        return await handler(request)

    return guard


async def add_security_headers(_: web.Request, response: web.StreamResponse) -> None:
    """For `Application.on_response_prepare`."""
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
