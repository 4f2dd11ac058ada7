"""Which role each route of the remote side needs, and how its use is audited: one table, the whole truth.

1. A route that is not in the table is for admins alone, and a test names it: give it a row.
2. `open_to_all`: what must work before anybody has signed in. It says nothing of the site.
3. `watched`: uses are told as a stretch, `ACTION.begun` and `ACTION.ended`, however many requests it takes.
   `noted`: each use that succeeds is told, as ACTION.
4. A route with `{camera}` in its path is, for whoever may not see that camera, as if it had no such camera.
"""

from dataclasses import dataclass
from typing import Literal

from recorder.access.actor import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a route needs. `action` with `told` none: nothing is audited, or the route itself does. `early`: also for
    somebody whose password must be changed first."""

    role: Role | None
    action: str = ""
    told: Literal["none", "watched", "noted"] = "none"
    early: bool = False

    @property
    def open_to_all(self) -> bool:
        """Whether nobody needs to have signed in."""
        return self.role is None


def _open() -> Need:
    return Need(role=None)


def _plain(role: Role) -> Need:
    return Need(role=role)


def _watched(role: Role, action: str) -> Need:
    return Need(role=role, action=action, told="watched")


def _noted(role: Role, action: str) -> Need:
    return Need(role=role, action=action, told="noted")


_API = "/api/v1"
_CAMERA = f"{_API}/cameras/{{camera}}"

TABLE: dict[tuple[str, str], Need] = {
    ("GET", "/"): _open(),
    ("GET", "/static/{path}"): _open(),
    ("GET", "/api/openapi.json"): _open(),
    ("GET", f"{_API}/session"): _open(),
    ("POST", f"{_API}/sign-in"): _open(),
    ("POST", f"{_API}/sign-in/service"): _open(),
    ("POST", f"{_API}/sign-in/visitor"): _open(),
    ("POST", f"{_API}/sign-out"): Need(role="viewer", early=True),
    ("POST", f"{_API}/password"): Need(role="viewer", early=True),
    ("GET", f"{_API}/users"): _plain("admin"),
    ("POST", f"{_API}/users"): _plain("admin"),
    ("PATCH", f"{_API}/users/{{user}}"): _plain("admin"),
    ("DELETE", f"{_API}/users/{{user}}"): _plain("admin"),
    ("POST", f"{_API}/users/{{user}}/password"): _plain("admin"),
    ("GET", f"{_API}/audit"): _plain("admin"),
    ("GET", f"{_API}/state"): _plain("viewer"),
    ("GET", f"{_API}/explain"): _plain("viewer"),
    ("GET", f"{_API}/cameras"): _plain("viewer"),
    ("GET", f"{_API}/events"): _plain("viewer"),
    ("GET", f"{_API}/events/{{event}}/thumbnail.jpg"): _plain("viewer"),
    ("GET", f"{_CAMERA}/live"): _watched("viewer", "view"),
    ("GET", f"{_CAMERA}/live.mjpeg"): _watched("viewer", "view"),
    ("GET", f"{_CAMERA}/hls/{{stream}}.m3u8"): _watched("viewer", "view"),
    ("GET", f"{_CAMERA}/hls/{{stream}}/{{number}}.m4s"): _watched("viewer", "view"),
    ("GET", f"{_CAMERA}/hls/{{stream}}/{{number}}.mp4"): _plain("viewer"),
    ("GET", f"{_CAMERA}/snapshot.jpg"): _watched("viewer", "snapshot"),
    ("GET", f"{_CAMERA}/timeline"): _plain("viewer"),
    ("GET", f"{_CAMERA}/days"): _plain("viewer"),
    ("GET", f"{_CAMERA}/media"): _watched("viewer", "playback"),
    ("GET", f"{_CAMERA}/init/{{entry}}.mp4"): _plain("viewer"),
    ("GET", f"{_CAMERA}/thumb.jpg"): _watched("viewer", "playback"),
    ("GET", f"{_CAMERA}/sprites/{{hour}}.jpg"): _plain("viewer"),
    ("GET", f"{_CAMERA}/vod.m3u8"): _watched("viewer", "playback"),
    ("GET", f"{_CAMERA}/vod/{{piece}}.m4s"): _watched("viewer", "playback"),
    ("GET", f"{_CAMERA}/footage.mp4"): _noted("operator", "download"),
    ("GET", f"{_CAMERA}/presets"): _plain("viewer"),
    ("POST", f"{_CAMERA}/preset"): _noted("operator", "control"),
    ("GET", f"{_CAMERA}/recording"): _plain("operator"),
    ("POST", f"{_CAMERA}/recording"): _noted("operator", "recording.changed"),
    ("POST", f"{_CAMERA}/reboot"): _noted("admin", "camera.rebooted"),
    ("GET", f"{_API}/device"): _plain("viewer"),
    ("GET", f"{_API}/registration.svg"): _plain("admin"),
    ("GET", f"{_API}/notify"): _plain("admin"),
    ("GET", f"{_API}/exports"): _plain("operator"),
    ("POST", f"{_API}/exports"): _plain("operator"),
    ("GET", f"{_API}/exports/{{export}}"): _plain("operator"),
    ("DELETE", f"{_API}/exports/{{export}}"): _plain("operator"),
    ("GET", f"{_API}/exports/{{export}}/files/{{name}}"): _plain("operator"),
    ("GET", f"{_API}/exports/{{export}}/manifest.json"): _plain("operator"),
    ("GET", f"{_API}/exports/{{export}}/export.zip"): _plain("operator"),
    ("GET", f"{_API}/maintenance"): _plain("admin"),
    ("POST", f"{_API}/maintenance/restart"): _plain("admin"),
    ("POST", f"{_API}/maintenance/identify"): _plain("admin"),
    ("POST", f"{_API}/maintenance/time"): _plain("admin"),
    ("GET", f"{_API}/maintenance/logs.tar.gz"): _plain("admin"),
    ("GET", f"{_API}/maintenance/check"): _plain("admin"),
    ("POST", f"{_API}/maintenance/check"): _plain("admin"),
    ("DELETE", f"{_API}/maintenance/check"): _plain("admin"),
    ("GET", f"{_API}/config"): _plain("admin"),
    ("PUT", f"{_API}/config"): _plain("admin"),
    ("GET", f"{_API}/config/versions"): _plain("admin"),
    ("GET", f"{_API}/config/versions/{{version}}"): _plain("admin"),
    ("POST", f"{_API}/config/versions/{{version}}/restore"): _plain("admin"),
    ("POST", f"{_API}/config/reload"): _noted("admin", "config.reloaded"),
}
"""By method (HEAD goes with GET) and the route's path as it is declared."""

UNKNOWN = Need(role="admin")


def need_of(method: str, path: str) -> Need:
    """What that route needs."""
    return TABLE.get(("GET" if method == "HEAD" else method, path), UNKNOWN)
