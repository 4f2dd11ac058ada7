"""HLS playlists (RFC 8216) as a player reads them: the first variant, media sequence, pieces. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

from gate.verify.errors import ProbeError

_MAP = re.compile(r'#EXT-X-MAP:.*?URI="([^"]+)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Playlist:
    """`variant`: the address of a playlist in place of pieces. `pieces`: addresses, each with its init section."""

    variant: str | None = None
    target_seconds: float = 0.0
    sequence: int = 0
    pieces: Sequence[tuple[str, str | None]] = ()

    @property
    def next_sequence(self) -> int:
        """That of the piece to come."""
        return self.sequence + len(self.pieces)


def parse_playlist(text: str, url: str) -> Playlist:
    """Raises ProbeError for what is none, or none that we can read."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines or lines[0] != "#EXTM3U":
        raise ProbeError(f"{url} gives no HLS playlist")
    if any(line.startswith("#EXT-X-KEY") and "METHOD=NONE" not in line for line in lines):
        raise ProbeError(f"{url} is encrypted, which this verifier does not read")
    if any(line.startswith("#EXT-X-BYTERANGE") for line in lines):
        raise ProbeError(f"{url} names stretches of files, which this verifier does not read")
    names = [line for line in lines if not line.startswith("#")]
    if any(line.startswith("#EXT-X-STREAM-INF") for line in lines):
        if not names:
            raise ProbeError(f"{url} names no variant")
        return Playlist(variant=urljoin(url, names[0]))
    target = sequence = 0.0
    init: str | None = None
    pieces: list[tuple[str, str | None]] = []
    try:
        for line in lines:
            if line.startswith("#EXT-X-TARGETDURATION:"):
                target = float(line.partition(":")[2])
            elif line.startswith("#EXT-X-MEDIA-SEQUENCE:"):
                sequence = int(line.partition(":")[2])
            elif (found := _MAP.match(line)) is not None:
                init = urljoin(url, found[1])
            elif not line.startswith("#"):
                pieces.append((urljoin(url, line), init))
    except ValueError:
        raise ProbeError(f"{url} has a number that is none") from None
    return Playlist(target_seconds=target, sequence=int(sequence), pieces=pieces)
