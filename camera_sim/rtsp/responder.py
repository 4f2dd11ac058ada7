"""The RTSP side of one connection: a request in, an answer and what to do out (RFC 2326 sections 10 to 12). Pure.

States as in appendix A: init → SETUP → ready → PLAY → playing → PAUSE → ready; TEARDOWN → init. One session a
connection.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol
from urllib.parse import urlsplit

from camera_sim.rtsp.message import Request, response
from camera_sim.rtsp.sdp import TRACK

SERVER = "camera-simulator"
SESSION_SECONDS = 60
METHODS = ("OPTIONS", "DESCRIBE", "SETUP", "PLAY", "PAUSE", "GET_PARAMETER", "SET_PARAMETER", "TEARDOWN")
_KNOWN_ELSEWHERE = ("ANNOUNCE", "RECORD", "REDIRECT")
_PUBLIC = {"Public": ", ".join(METHODS)}
_INTERLEAVED = re.compile(r"(\d{1,3})(?:-(\d{1,3}))?")
_LIVE_RANGE = re.compile(r"\s*(npt\s*=\s*(now|\d+(\.\d*)?|\d+:\d\d:\d\d(\.\d*)?)?\s*-.*|clock\s*=.*)", re.IGNORECASE)

Action = Literal["none", "play", "pause", "teardown"]


class Source(Protocol):
    """A stream that can be described and played."""

    def sdp(self, host: str) -> bytes:
        """Its session description."""


class Delivery(Protocol):
    """The sending side of a session, made at SETUP."""

    @property
    def ssrc(self) -> int:
        """Synchronisation source of the packets."""

    def promise(self) -> tuple[int, int]:
        """Sequence number and RTP time of the next packet that will be sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Write `data`, then do `action`."""

    data: bytes
    action: Action = "none"


class Responder:
    """Answers the requests of one connection in order. `open_delivery(source, channel)` is called at SETUP; the RTP
    channel is even or odd as the client wishes, RTCP goes on the next one."""

    def __init__(
        self,
        sources: Mapping[str, Source],
        *,
        host: str,
        session_id: str,
        open_delivery: Callable[[str, int], Delivery],
    ) -> None:
        self._sources = sources
        self._host = host
        self._session_id = session_id
        self._open_delivery = open_delivery
        self._path: str | None = None
        self._delivery: Delivery | None = None
        self._playing = False

    def answer(self, request: Request) -> Reply:
        """The reply. `request` may be anything that parsed."""
        refused = self._refuse(request)
        if refused is not None:
            return refused
        match request.method:
            case "OPTIONS":
                return self._reply(200, request, _PUBLIC)
            case "DESCRIBE":
                return self._describe(request)
            case "SETUP":
                return self._setup(request)
            case "PLAY":
                return self._play(request)
            case "PAUSE":
                self._playing = False
                return self._reply(200, request, self._session(), action="pause")
            case "TEARDOWN":
                self._path, self._delivery, self._playing = None, None, False
                return self._reply(200, request, action="teardown")
        return self._parameter(request)

    def source_of(self, uri: str) -> str | None:
        """The path of the stream that an address names, with or without its track; None if there is none."""
        path = _path(uri)
        return path if path in self._sources else None

    def _refuse(self, request: Request) -> Reply | None:
        """Whatever is wrong before looking at the method's own matters."""
        if request.sequence is None:
            return self._reply(400, request)
        if request.method not in METHODS:
            known = request.method in _KNOWN_ELSEWHERE
            return self._reply(405 if known else 501, request, {"Allow": ", ".join(METHODS)} if known else _PUBLIC)
        wanted = request.headers.get("require", "") or request.headers.get("proxy-require", "")
        if wanted:
            return self._reply(551, request, {"Unsupported": wanted})
        given = request.headers.get("session")
        if given is not None and (self._delivery is None or given.partition(";")[0].strip() != self._session_id):
            return self._reply(454, request)
        anywhere = request.method == "OPTIONS" or (
            request.method in ("GET_PARAMETER", "SET_PARAMETER") and request.uri == "*"
        )
        if not anywhere and self.source_of(request.uri) is None:
            return self._reply(404, request)
        if request.method in ("PLAY", "PAUSE", "TEARDOWN"):
            if self._delivery is None:
                return self._reply(455, request)
            if given is None:
                return self._reply(454, request)
            if self.source_of(request.uri) != self._path:
                return self._reply(459, request)
        return None

    def _describe(self, request: Request) -> Reply:
        accepted = request.headers.get("accept", "application/sdp").lower()
        if not any(kind in accepted for kind in ("application/sdp", "application/*", "*/*")):
            return self._reply(406, request)
        base = _without_query(request.uri).rstrip("/").removesuffix(f"/{TRACK}")
        headers = {"Content-Base": f"{base}/", "Content-Type": "application/sdp", "Cache-Control": "no-cache"}
        return self._reply(200, request, headers, self._sources[_path(request.uri)].sdp(self._host))

    def _setup(self, request: Request) -> Reply:
        if self._playing:
            return self._reply(455, request)
        channel = _pick_transport(request.headers.get("transport", ""))
        if channel is None:
            return self._reply(461, request)
        path = _path(request.uri)
        if self._path is not None and self._path != path:
            return self._reply(459, request)
        self._path = path
        self._delivery = self._open_delivery(path, channel)
        transport = f"RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1};ssrc={self._delivery.ssrc:08X}"
        return self._reply(200, request, {"Transport": transport + ';mode="PLAY"'} | self._session())

    def _play(self, request: Request) -> Reply:
        assert self._delivery is not None
        if (wanted := request.headers.get("range")) is not None and not _LIVE_RANGE.fullmatch(wanted):
            return self._reply(457, request)
        if self._playing:
            return self._reply(200, request, self._session() | {"Range": "npt=now-"})
        self._playing = True
        sequence, rtp_time = self._delivery.promise()
        base = _without_query(request.uri).rstrip("/").removesuffix(f"/{TRACK}")
        info = f"url={base}/{TRACK};seq={sequence};rtptime={rtp_time}"
        headers = self._session() | {"Range": "npt=now-", "RTP-Info": info}
        return self._reply(200, request, headers, action="play")

    def _parameter(self, request: Request) -> Reply:
        """A keep-alive when empty (RFC 2326 section 10.8); there are no parameters to read or set."""
        names = [line for line in request.body.split(b"\r\n") if line.strip()]
        return self._reply(451 if names else 200, request, self._session() if self._delivery else None)

    def _session(self) -> dict[str, str]:
        return {"Session": f"{self._session_id};timeout={SESSION_SECONDS}"}

    def _reply(
        self,
        status: int,
        request: Request,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        action: Action = "none",
    ) -> Reply:
        return Reply(data=response(status, request.sequence, headers, body, server=SERVER), action=action)


def _without_query(uri: str) -> str:
    return uri.partition("?")[0].partition("#")[0]


def _path(uri: str) -> str:
    """The stream's path in an absolute or relative address: `/cam1/main`."""
    try:
        path = urlsplit(_without_query(uri)).path
    except ValueError:
        return ""
    return path.rstrip("/").removesuffix(f"/{TRACK}").rstrip("/")


def _pick_transport(header: str) -> int | None:
    """The RTP channel of the first transport in the client's list that is TCP, interleaved and for playing."""
    for offer in header.split(","):
        name, *parameters = (part.strip() for part in offer.split(";"))
        values = dict(parameter.partition("=")[::2] for parameter in parameters)
        mode = values.get("mode", "play").strip('"').lower()
        if name.upper() != "RTP/AVP/TCP" or "multicast" in values or mode != "play":
            continue
        pair = _INTERLEAVED.fullmatch(values.get("interleaved", "0-1"))
        if pair is None:
            continue
        rtp, rtcp = int(pair[1]), int(pair[2] or int(pair[1]) + 1)
        if rtcp == rtp + 1 and rtcp <= 255:
            return rtp
    return None
