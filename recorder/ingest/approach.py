"""Which way to ask a camera for its stream: our own RTSP over TCP or UDP, or FFmpeg's libraries. Pure.

Rules:
1. What has brought a picture is kept, until the recorder ends.
2. `transport: auto` begins with TCP; a camera that does not send that way is asked for the other at once.
3. `source: auto` begins with our own RTSP. If the camera speaks it oddly or offers nothing that we know, before any
   picture, libav is tried at once.
4. When every way has failed, the camera is left alone for a while, and the next try begins anew with the first.
"""

from dataclasses import dataclass
from typing import Literal

from recorder.ingest.errors import ProtocolError, UnsupportedError, UnsupportedTransportError
from recorder.ingest.rtsp.transport import TransportKind

SourceKind = Literal["native", "libav"]
SourceChoice = Literal["native", "libav", "auto"]
TransportChoice = Literal["tcp", "udp", "auto"]


@dataclass(frozen=True, slots=True)
class Way:
    """`source`: our own RTSP, or libav; `transport`: of RTP."""

    source: SourceKind
    transport: TransportKind

    def __str__(self) -> str:
        return f"{self.source} over {self.transport.upper()}" if self.source == "native" else self.source


class Approach:
    """`way` is what to try now. `rtsp`: whether the address is one that our own RTSP understands."""

    def __init__(self, *, rtsp: bool, source: SourceChoice, transport: TransportChoice) -> None:
        transports: tuple[TransportKind, ...] = ("tcp", "udp") if transport == "auto" else (transport,)
        ways = [Way("native", transport) for transport in transports] if rtsp and source != "libav" else []
        if source != "native" or not rtsp:
            ways.append(Way("libav", transports[0]))
        self._ways = ways
        self._index = 0
        self._proven = False
        self._native_error: Exception | None = None

    @property
    def way(self) -> Way:
        return self._ways[self._index]

    @property
    def proven(self) -> bool:
        """Whether the present way has brought a picture."""
        return self._proven

    def succeeded(self) -> None:
        """The present way has brought a picture."""
        self._proven = True

    def failed(self, error: Exception) -> bool:
        """Takes up a failure; whether there is another way to be tried at once."""
        if self._proven:
            return False
        if self.way.source == "native":
            self._native_error = error
        following = self._following(error)
        self._index = following or 0
        return following is not None

    def reason(self, error: Exception) -> Exception:
        """What to tell people after the last way has failed with `error`: our own RTSP knows better what is wrong."""
        told, self._native_error = self._native_error or error, None
        return error if self._proven else told

    def _following(self, error: Exception) -> int | None:
        if isinstance(error, UnsupportedTransportError):
            wanted: SourceKind = "native"
        elif isinstance(error, UnsupportedError | ProtocolError):
            wanted = "libav"
        else:
            return None
        later = range(self._index + 1, len(self._ways))
        return next((index for index in later if self._ways[index].source == wanted), None)
