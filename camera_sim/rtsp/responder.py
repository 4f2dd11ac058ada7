"""The RTSP side of one connection: a request in, an answer and what to do out (RFC 2326 sections 10 to 12). Pure.

States as in appendix A: init → SETUP → ready → PLAY → playing → PAUSE → ready; TEARDOWN → init. One session a
connection, of one stream; its tracks are set up one by one and play together.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from camera_sim.rtsp.auth import Account, Digest, path_of
from camera_sim.rtsp.message import Request, response
from camera_sim.rtsp.sdp import TRACKS

SERVER = "camera-simulator"
SESSION_SECONDS = 60
METHODS = ("OPTIONS", "DESCRIBE", "SETUP", "PLAY", "PAUSE", "GET_PARAMETER", "SET_PARAMETER", "TEARDOWN")
_KNOWN_ELSEWHERE = ("ANNOUNCE", "RECORD", "REDIRECT")
_PUBLIC = {"Public": ", ".join(METHODS)}
_PAIR = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")
_LIVE_RANGE = re.compile(r"\s*(npt\s*=\s*(now|\d+(\.\d*)?|\d+:\d\d:\d\d(\.\d*)?)?\s*-.*|clock\s*=.*)", re.IGNORECASE)

TransportName = Literal["tcp", "udp"]
Action = Literal["none", "play", "pause", "teardown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """The way a client wants its packets: two channels (tcp) or two ports of its own (udp), RTP then RTCP."""

    transport: TransportName
    pair: tuple[int, int]


class Source(Protocol):
    """A stream that can be described and played. `account`: whom it wants to know, if anybody may not see it."""

    @property
    def account(self) -> Account | None: ...

    @property
    def transports(self) -> tuple[TransportName, ...]: ...

    @property
    def tracks(self) -> int:
        """Pictures, and sound if there is any: 1 or 2."""

    def sdp(self, host: str) -> bytes:
        """Its session description."""


class Delivery(Protocol):
    """The sending side of a track, made at SETUP."""

    @property
    def ssrc(self) -> int:
        """Synchronisation source of the packets."""

    @property
    def transport(self) -> str:
        """The way chosen, as SETUP's answer says it, without SSRC."""

    def promise(self) -> tuple[int, int]:
        """Sequence number and RTP time of the next packet that will be sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Write `data`, then do `action`."""

    data: bytes
    action: Action = "none"


class Responder:
    """Answers the requests of one connection in order. `open_delivery(source, track, offer)` is called at SETUP and
    gives None if there is no way to the client."""

    def __init__(
        self,
        sources: Mapping[str, Source],
        *,
        host: str,
        session_id: str,
        open_delivery: Callable[[str, int, Offer], Delivery | None],
    ) -> None:
        self._sources = sources
        self._host = host
        self._session_id = session_id
        self._open_delivery = open_delivery
        self._path: str | None = None
        self._deliveries: dict[int, Delivery] = {}
        self._playing = False
        self.digest = Digest()
        self.wrong_answers = 0
        """Authorizations in a row that were wrong."""

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
                self._end()
                return self._reply(200, request, action="teardown")
        return self._parameter(request)

    def refuse(self, status: int, request: Request) -> Reply:
        """An answer that is only a status."""
        return self._reply(status, request)

    def forget(self, session_id: str) -> None:
        """Knows its session no more; the next one is `session_id`."""
        self._session_id = session_id
        self._end()

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
        refused = self._challenge(request)
        if refused is not None:
            return refused
        given = request.headers.get("session")
        if given is not None and (not self._deliveries or given.partition(";")[0].strip() != self._session_id):
            return self._reply(454, request)
        anywhere = request.method == "OPTIONS" or (
            request.method in ("GET_PARAMETER", "SET_PARAMETER") and request.uri == "*"
        )
        if not anywhere and self.source_of(request.uri) is None:
            return self._reply(404, request)
        if request.method in ("PLAY", "PAUSE", "TEARDOWN"):
            if not self._deliveries:
                return self._reply(455, request)
            if given is None:
                return self._reply(454, request)
            if self.source_of(request.uri) != self._path:
                return self._reply(459, request)
        return None

    def _challenge(self, request: Request) -> Reply | None:
        """401, unless the camera is open, the method is free, or the client has proved who it is."""
        path = self.source_of(request.uri) or (self._path if self._deliveries else None)
        account = self._sources[path].account if path else None
        if account is None or request.method == "OPTIONS":
            return None
        stale = False
        header = request.headers.get("authorization")
        if header is not None:
            # A track may be answered for with its stream's address (path_of leaves no slash at the end).
            paths = (path_of(request.uri), path or "", *(f"{path}/{track}" for track in TRACKS))
            verdict = self.digest.judge(account, request.method, paths, header)
            self.wrong_answers = self.wrong_answers + 1 if verdict == "wrong" else 0
            if verdict == "right":
                return None
            stale = verdict == "stale"
        return self._reply(401, request, {"WWW-Authenticate": self.digest.challenges(account.style, stale=stale)})

    def _describe(self, request: Request) -> Reply:
        accepted = request.headers.get("accept", "application/sdp").lower()
        if not any(kind in accepted for kind in ("application/sdp", "application/*", "*/*")):
            return self._reply(406, request)
        headers = {
            "Content-Base": f"{_base(request.uri)}/",
            "Content-Type": "application/sdp",
            "Cache-Control": "no-cache",
        }
        return self._reply(200, request, headers, self._sources[_path(request.uri)].sdp(self._host))

    def _setup(self, request: Request) -> Reply:
        if self._playing:
            return self._reply(455, request)
        path, track = _path(request.uri), _track(request.uri)
        if track >= self._sources[path].tracks:
            return self._reply(404, request)
        offer = _pick_transport(request.headers.get("transport", ""), self._sources[path].transports)
        if offer is None:
            return self._reply(461, request)
        if self._path is not None and self._path != path:
            return self._reply(459, request)
        self._deliveries.pop(track, None)
        delivery = self._open_delivery(path, track, offer)
        if delivery is None:
            return self._reply(503, request)
        self._path, self._deliveries[track] = path, delivery
        transport = f'{delivery.transport};ssrc={delivery.ssrc:08X};mode="PLAY"'
        return self._reply(200, request, {"Transport": transport} | self._session())

    def _play(self, request: Request) -> Reply:
        if (wanted := request.headers.get("range")) is not None and not _LIVE_RANGE.fullmatch(wanted):
            return self._reply(457, request)
        if self._playing:
            return self._reply(200, request, self._session() | {"Range": "npt=now-"})
        self._playing = True
        infos = []
        for track, delivery in sorted(self._deliveries.items()):
            sequence, rtp_time = delivery.promise()
            infos.append(f"url={_base(request.uri)}/{TRACKS[track]};seq={sequence};rtptime={rtp_time}")
        headers = self._session() | {"Range": "npt=now-", "RTP-Info": ",".join(infos)}
        return self._reply(200, request, headers, action="play")

    def _parameter(self, request: Request) -> Reply:
        """A keep-alive when empty (RFC 2326 section 10.8); there are no parameters to read or set."""
        names = [line for line in request.body.split(b"\r\n") if line.strip()]
        return self._reply(451 if names else 200, request, self._session() if self._deliveries else None)

    def _end(self) -> None:
        self._path, self._playing = None, False
        self._deliveries.clear()

    def _session(self) -> dict[str, str]:
        return {"Session": f"{self._session_id};timeout={SESSION_SECONDS}"}

    def _reply(
        self,
        status: int,
        request: Request,
        headers: Mapping[str, str | tuple[str, ...]] | None = None,
        body: bytes = b"",
        action: Action = "none",
    ) -> Reply:
        return Reply(data=response(status, request.sequence, headers, body, server=SERVER), action=action)


def _without_query(uri: str) -> str:
    return uri.partition("?")[0].partition("#")[0]


def _path(uri: str) -> str:
    """The stream's path in an absolute or relative address: `/cam1/main`."""
    return _without_track(path_of(uri)).rstrip("/")


def _base(uri: str) -> str:
    """A stream's address, without query, track and slash."""
    return _without_track(_without_query(uri).rstrip("/"))


def _without_track(address: str) -> str:
    for track in TRACKS:
        address = address.removesuffix(f"/{track}")
    return address


def _track(uri: str) -> int:
    """Which track an address names; without any, the pictures."""
    return next((number for number, track in enumerate(TRACKS) if path_of(uri).endswith(f"/{track}")), 0)


def _pick_transport(header: str, supported: tuple[TransportName, ...]) -> Offer | None:
    """The first transport in the client's list that is supported, for one client, for playing, and well formed."""
    for text in header.split(","):
        name, *parameters = (part.strip() for part in text.split(";"))
        values = dict(parameter.partition("=")[::2] for parameter in parameters)
        mode = values.get("mode", "play").strip('"').lower()
        if "multicast" in values or mode != "play":
            continue
        if name.upper() == "RTP/AVP/TCP" and "tcp" in supported:
            pair = _pair(values.get("interleaved", "0-1"), 255)
            if pair is not None:
                return Offer(transport="tcp", pair=pair)
        elif name.upper() in ("RTP/AVP", "RTP/AVP/UDP") and "udp" in supported:
            pair = _pair(values.get("client_port", ""), 65535)
            if pair is not None and pair[0]:
                return Offer(transport="udp", pair=pair)
    return None


def _pair(text: str, highest: int) -> tuple[int, int] | None:
    """Two numbers that follow each other; the second may be left out."""
    match = _PAIR.fullmatch(text)
    if match is None:
        return None
    first, second = int(match[1]), int(match[2] or int(match[1]) + 1)
    return (first, second) if second == first + 1 and second <= highest else None
