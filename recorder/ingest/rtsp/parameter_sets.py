"""The parameter sets in force (ITU-T H.264 sections 7.3.2.1, 7.3.2.2). They are taken as sent, never made up.

Sets of the session description count until the first of their kind comes in the stream: cameras describe one stream
and send another.
"""

from collections.abc import Iterable

from recorder.media.h264 import PPS, SPS

SPS_MAX, PPS_MAX = 4, 16
"""Sets kept at a time; of more, the oldest goes."""
SET_BYTES_MAX = 4096


class ParameterSets:
    """`current`: NAL units, SPS before PPS, by id. It is the same object as long as nothing has changed."""

    __slots__ = ("_described", "_sets", "current")

    def __init__(self, described: Iterable[bytes] = ()) -> None:
        self._sets: dict[int, dict[int, bytes]] = {SPS: {}, PPS: {}}
        self._described = {SPS: True, PPS: True}
        self.current: tuple[bytes, ...] = ()
        for nal in described:
            self._keep(nal)
        self._collect()

    @property
    def complete(self) -> bool:
        """Whether there is at least one of each kind."""
        return all(self._sets.values())

    def offer(self, nal: bytes) -> None:
        """A set found in the stream. One that is the same as before changes nothing."""
        kind = nal[0] & 0x1F
        if self._described[kind]:
            self._described[kind] = False
            described, self._sets[kind] = self._sets[kind], {}
            self._keep(nal)
            if described != self._sets[kind]:
                self._collect()
        elif self._keep(nal):
            self._collect()

    def _keep(self, nal: bytes) -> bool:
        kind = nal[0] & 0x1F
        # profile_idc, constraint flags and level_idc come before the id of an SPS; the id of a PPS comes first
        number = _unsigned(nal[4 if kind == SPS else 1 :][:8])
        sets = self._sets[kind]
        if number is None or len(nal) > SET_BYTES_MAX or sets.get(number) == nal:
            return False
        sets.pop(number, None)
        sets[number] = nal
        if len(sets) > (SPS_MAX if kind == SPS else PPS_MAX):
            del sets[next(iter(sets))]
        return True

    def _collect(self) -> None:
        self.current = tuple(self._sets[kind][number] for kind in (SPS, PPS) for number in sorted(self._sets[kind]))


def _unsigned(data: bytes) -> int | None:
    """The first ue(v) of at most 8 bytes (section 9.1), or None if there is none."""
    bits = int.from_bytes(data, "big")
    width = len(data) * 8
    zeros = width - bits.bit_length()
    if not bits or 2 * zeros + 1 > width:
        return None
    return (bits >> (width - 2 * zeros - 1)) - 1
