"""Bits of parameter sets and SEI, alike in H.264 and H.265 (ITU-T H.264 sections 7.2, 7.3.2.3, 9.1; H.265 likewise)."""

from collections.abc import Iterator

from recorder.media.errors import ParameterSetError


class BitReader:
    """Reads an RBSP from its first bit. Raises ParameterSetError at the end."""

    __slots__ = ("_bits", "_position")

    def __init__(self, rbsp: bytes) -> None:
        self._bits = f"{int.from_bytes(rbsp, 'big'):0{len(rbsp) * 8}b}" if rbsp else ""
        self._position = 0

    def u(self, size: int) -> int:
        """u(n), of at least one bit."""
        end = self._position + size
        if end > len(self._bits):
            raise ParameterSetError("a parameter set ends too early")
        value = int(self._bits[self._position : end], 2)
        self._position = end
        return value

    def skip(self, size: int) -> None:
        """Passes over so many bits."""
        self._position += size

    def ue(self) -> int:
        """ue(v), section 9.1."""
        zeros = self._bits.find("1", self._position, self._position + 33) - self._position
        if zeros < 0:
            raise ParameterSetError("a parameter set holds a number that is too large or cut off")
        self._position += zeros
        return self.u(zeros + 1) - 1

    def ue_max(self, maximum: int, name: str) -> int:
        """ue(v) of a field that has a bound."""
        value = self.ue()
        if value > maximum:
            raise ParameterSetError(f"{name} is {value}, more than {maximum}")
        return value

    def se(self) -> int:
        """se(v), section 9.1.1."""
        value = self.ue()
        return (value + 1) // 2 if value & 1 else -(value // 2)


def without_emulation_prevention(data: bytes) -> bytes:
    """The RBSP of a NAL unit's payload (section 7.4.1)."""
    return data.replace(b"\x00\x00\x03", b"\x00\x00")


def sei_messages(payload: bytes) -> Iterator[tuple[int, bytes]]:
    """payloadType and payload of each message of an SEI NAL unit without its header, as far as they can be read."""
    rbsp = without_emulation_prevention(payload)
    position = 0
    while position + 2 < len(rbsp):
        kind, position = _sei_number(rbsp, position)
        size, position = _sei_number(rbsp, position)
        yield kind, rbsp[position : position + size]
        position += size


def _sei_number(rbsp: bytes, position: int) -> tuple[int, int]:
    value = 0
    while position < len(rbsp) and rbsp[position] == 0xFF:
        value, position = value + 255, position + 1
    return value + (rbsp[position] if position < len(rbsp) else 0), position + 1
