"""One client's RTSP session: what each request is answered, and what is to be done then (RFC 2326 section 10). Pure.

Describing needs pictures, and playing a licence: these answers are completed by `describe` and `play`, or `refuse`.
"""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import Literal

from recorder.ingest.rtsp.message import Request
from recorder.media.access_unit import TIMESCALE, VideoFormat
from recorder.remote.restream.description import SOUND_TRACK, VIDEO_TRACK, description
from recorder.remote.restream.packets import SOUND_TYPE, VIDEO_TYPE, Packetizer, Track
from recorder.remote.restream.requests import Place, answer, channels_of, place_of, sequence_of

SESSION_SECONDS = 60
METHODS = ("OPTIONS", "DESCRIBE", "SETUP", "PLAY", "PAUSE", "TEARDOWN", "GET_PARAMETER", "SET_PARAMETER")
_ELSEWHERE = ("ANNOUNCE", "RECORD", "REDIRECT")
_LIVE_RANGES = ("npt=0-", "npt=0.0-", "npt=0.000-", "npt=now-", "clock=now-")

Action = Literal["none", "describe", "play", "pause", "teardown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Send `data`, then do the action."""

    data: bytes = b""
    action: Action = "none"


class Responder:
    """`streams_of` gives a camera's streams, none for one that is not there; `random_32` fresh random numbers of 32
    bits."""

    def __init__(self, *, host: str, streams_of: Callable[[str], Container[str]], random_32: Callable[[], int]) -> None:
        self._host = host
        self._streams_of = streams_of
        self._random_32 = random_32
        self._session = f"{random_32():08x}{random_32():08x}"
        self._tracks: dict[str, Track] = {}
        self._described: tuple[str, str] | None = None
        self._format: VideoFormat | None = None
        self.playing = False

    @property
    def format(self) -> VideoFormat | None:
        """As described."""
        return self._format

    @property
    def stream(self) -> tuple[str, str] | None:
        """Camera and stream of what was described."""
        return self._described

    def answer(self, request: Request) -> Reply:
        """`request` may be anything that parsed. Actions "describe" and "play" have no data yet."""
        place = place_of(request.url)
        refused = self._refusal(request, place)
        if refused is not None:
            return refused
        match request.method:
            case "OPTIONS":
                return self.refuse(200, request, {"Public": ", ".join(METHODS)})
            case "DESCRIBE":
                accepted = (request.headers.get("accept") or "application/sdp").lower()
                known = any(kind in accepted for kind in ("application/sdp", "application/*", "*/*"))
                if self._tracks:
                    return self.refuse(455, request)
                return Reply(action="describe") if known else self.refuse(406, request)
            case "SETUP":
                assert place is not None
                return self._set_up(request, place)
            case "PLAY" if self.playing:
                return self.refuse(200, request, self._own_session() | {"Range": "npt=now-"})
            case "PLAY":
                wanted = request.headers.get("range") or "npt=now-"
                return Reply(action="play") if wanted in _LIVE_RANGES else self.refuse(457, request)
            case "PAUSE":
                self.playing = False
                return Reply(data=answer(200, sequence_of(request), self._own_session()), action="pause")
            case "TEARDOWN":
                self.playing = False
                return Reply(data=answer(200, sequence_of(request)), action="teardown")
        status = 451 if request.body.strip() else 200  # there are no parameters: empty, it keeps the session alive
        return self.refuse(status, request, self._own_session() if self._tracks else None)

    def describe(self, request: Request, video: VideoFormat, name: str) -> Reply:
        """The description of what it asks for."""
        place = place_of(request.url)
        assert place is not None
        self._described, self._format = (place.camera, place.stream), video
        base = request.url.partition("?")[0].rstrip("/") + "/"
        headers = {"Content-Base": base, "Content-Type": "application/sdp", "Cache-Control": "no-store"}
        body = description(video, host=self._host, name=name)
        return Reply(data=answer(200, sequence_of(request), headers, body))

    def play(self, request: Request, cname: str) -> tuple[Reply, Packetizer]:
        """Plays what is set up, from now on."""
        self.playing = True
        base = request.url.partition("?")[0].rstrip("/")
        for track in self._tracks.values():  # after a pause numbers go on, and nothing says by how much time did
            track.sequence, track.packets, track.time = track.sequence + track.packets, 0, self._random_32()
        infos = [
            f"url={base}/{name};seq={track.sequence & 0xFFFF};rtptime={track.time}"
            for name, track in self._tracks.items()
        ]
        headers = self._own_session() | {"Range": "npt=now-", "RTP-Info": ",".join(infos)}
        packetizer = Packetizer(video=self._tracks.get(VIDEO_TRACK), sound=self._tracks.get(SOUND_TRACK), cname=cname)
        return Reply(data=answer(200, sequence_of(request), headers)), packetizer

    def refuse(
        self, status: int, request: Request, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Reply:
        """An answer that changes nothing."""
        return Reply(data=answer(status, sequence_of(request), headers, body))

    def _refusal(self, request: Request, place: Place | None) -> Reply | None:
        """Whatever is wrong before looking at the method's own matters."""
        if sequence_of(request) is None:
            return self.refuse(400, request)
        if request.method not in METHODS:
            status = 405 if request.method in _ELSEWHERE else 501
            return self.refuse(status, request, {"Allow": ", ".join(METHODS)})
        wanted = request.headers.get("require") or request.headers.get("proxy-require")
        if wanted:
            return self.refuse(551, request, {"Unsupported": wanted})
        given = request.headers.get("session")
        if given is not None and (not self._tracks or given.partition(";")[0].strip() != self._session):
            return self.refuse(454, request)
        if request.method in ("OPTIONS", "GET_PARAMETER", "SET_PARAMETER"):
            return None
        if place is None or place.stream not in self._streams_of(place.camera):
            return self.refuse(404, request)
        if request.method in ("PLAY", "PAUSE", "TEARDOWN"):
            if not self._tracks:
                return self.refuse(455, request)
            if given is None:
                return self.refuse(454, request)
        if request.method != "DESCRIBE" and (place.camera, place.stream) != self._described:
            return self.refuse(459 if self._described else 455, request)
        return None

    def _set_up(self, request: Request, place: Place) -> Reply:
        assert self._format is not None
        name = place.track or VIDEO_TRACK
        if self.playing or name in self._tracks:
            return self.refuse(455, request)
        if name == SOUND_TRACK and self._format.sound is None:
            return self.refuse(404, request)
        channel = channels_of(request.headers.get("transport") or "", 2 * len(self._tracks))
        taken = {other for track in self._tracks.values() for other in (track.channel, track.channel + 1)}
        if channel is None or {channel, channel + 1} & taken:
            return self.refuse(461, request)
        sound = self._format.sound if name == SOUND_TRACK else None
        track = self._tracks[name] = Track(
            channel=channel,
            ssrc=self._random_32(),
            sequence=self._random_32() & 0xFFFF,
            time=0,
            payload_type=SOUND_TYPE if sound else VIDEO_TYPE,
            rate=sound.rate if sound else TIMESCALE,
        )
        transport = f'RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1};ssrc={track.ssrc:08X};mode="PLAY"'
        return self.refuse(200, request, {"Transport": transport} | self._own_session())

    def _own_session(self) -> dict[str, str]:
        return {"Session": f"{self._session};timeout={SESSION_SECONDS}"}
