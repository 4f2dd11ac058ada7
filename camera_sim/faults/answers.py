"""Faults of the RTSP responder: answers that a camera in trouble gives, and descriptions that are not true."""

import base64
import re
from collections.abc import Callable, Sequence
from weakref import WeakSet

from camera_sim.codec import CodecName
from camera_sim.rtsp.message import Request
from camera_sim.rtsp.responder import Reply, Responder

Verdict = Reply | str | None
"""An answer; `reset` or `silence` instead of one; None: as usual."""
Answer = Callable[[Responder, Request], Verdict]
_SPROP = re.compile(rb";?(?:sprop-[a-z-]+|profile-level-id)=[^;\r\n]*")
_FORMAT = re.compile(rb"(a=fmtp:\d+ ?)[^\r\n]*")
_FRAME_RATE = re.compile(rb"a=framerate:[^\r\n]*")
_OTHER_SETS: dict[CodecName, tuple[str, ...]] = {
    "h264": ("6742c00ada11e8400000030040000007a3c489a8", "68ce0fc8"),
    "h265": (
        "40010c01ffff01600000030090000003000003001eba0240",
        "42010101600000030090000003000003001ea02083165ba4a4c2e68080000003008000000784",
        "4401c0718112",
    ),
}
"""Parameter sets of 64×48 pictures."""


def refuse(_responder: Responder, _request: Request) -> Verdict:
    """Nobody is there."""
    return "reset"


def ignore(_responder: Responder, _request: Request) -> Verdict:
    """Somebody may be there, but says nothing."""
    return "silence"


def limit(sessions: int, receivers: Callable[[], int]) -> Answer:
    """453 for SETUP while that many receive already."""

    def answer(responder: Responder, request: Request) -> Verdict:
        full = request.method == "SETUP" and receivers() >= sessions
        return responder.refuse(453, request) if full else None

    return answer


def single_use_nonce() -> Answer:
    """Whoever has answered a challenge once is asked again, because the nonce is stale."""
    fresh: WeakSet[Responder] = WeakSet()

    def answer(responder: Responder, request: Request) -> Verdict:
        if "authorization" in request.headers:
            if responder in fresh:
                fresh.discard(responder)
            else:
                responder.digest.renew()
                fresh.add(responder)
        return None

    return answer


def without_sets(sdp: bytes) -> bytes:
    """The description without parameter sets."""
    return _SPROP.sub(b"", sdp).replace(b" ;", b" ")


def with_other_sets(sdp: bytes) -> bytes:
    """The description with those of another picture size."""
    name: CodecName = "h265" if b"H265/90000" in sdp else "h264"
    sets = [bytes.fromhex(text) for text in _OTHER_SETS[name]]
    return _FORMAT.sub(lambda match: match[1].rstrip() + b" " + _values(name, sets), sdp)


def with_frame_rate(fps: float) -> Callable[[bytes], bytes]:
    """The description with another rate."""
    return lambda sdp: _FRAME_RATE.sub(f"a=framerate:{fps:g}".encode(), sdp)


def _values(name: CodecName, sets: Sequence[bytes]) -> bytes:
    coded = [base64.b64encode(nal).decode("ascii") for nal in sets]
    if name == "h265":
        pairs = zip(("sprop-vps", "sprop-sps", "sprop-pps"), coded, strict=True)
        return ";".join(f"{key}={value}" for key, value in pairs).encode()
    profile = sets[0][1:4].hex().upper()
    return f"packetization-mode=1;profile-level-id={profile};sprop-parameter-sets={','.join(coded)}".encode()
