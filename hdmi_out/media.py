"""The media messages of the local site (docs/protocols.md): pure parsing."""

import base64
import binascii
import struct
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from hdmi_out.errors import MediaError

HEADER = struct.Struct(">BBHIQ")
"""Kind, flags, stream, sequence, label."""
_ACCESS_UNIT = 3
_FLAG_KEY = 1
_SEQUENCE_MODULUS = 1 << 32


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFormat:
    """What a decoder must know before the first picture."""

    codec: str
    width: int
    height: int
    decoder_configuration: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One access unit: NAL units, each after its length in four bytes."""

    data: bytes
    key: bool
    sequence: int


@dataclass(frozen=True, slots=True)
class Loss:
    """Pictures are missing here: what follows cannot be decoded before the next key frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The recorder gives no more pictures; `reason` is a sentence."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """The recorder's `hello`: how the pictures that follow are coded."""

    codec: str
    width: int
    height: int
    decoder_configuration: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndProblem:
    """What of the problem object is shown or looked at."""

    title: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndText:
    """The recorder's `end`."""

    problem: EndProblem = EndProblem()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    hello: Hello | None = None
    dropped: dict[str, int] | None = None
    end: EndText | None = None


_TEXT: TypeAdapter[_Text] = TypeAdapter(_Text)


def parse_unit(message: bytes) -> Unit:
    """A binary message of the local site. Raises MediaError."""
    if len(message) <= HEADER.size:
        raise MediaError(f"a media message of {len(message)} bytes is too short")
    kind, flags, _, sequence, _ = HEADER.unpack_from(message)
    if kind != _ACCESS_UNIT:
        raise MediaError(f"a media message of kind {kind}, where access units ({_ACCESS_UNIT}) belong")
    return Unit(data=message[HEADER.size :], key=bool(flags & _FLAG_KEY), sequence=sequence)


def parse_text(message: str) -> StreamFormat | Loss | End | None:
    """A text message; None for one that changes nothing on the wall. Raises MediaError."""
    try:
        text = _TEXT.validate_json(message)
        if text.hello is not None:
            return StreamFormat(
                codec=text.hello.codec,
                width=text.hello.width,
                height=text.hello.height,
                decoder_configuration=base64.b64decode(text.hello.decoder_configuration, validate=True),
            )
    except (ValidationError, binascii.Error) as error:
        raise MediaError(f"not a message of the local site: {str(error).splitlines()[0]}") from None
    if text.end is not None:
        return End(reason=text.end.problem.title)
    return Loss() if text.dropped is not None else None


def follows(sequence: int, before: int | None) -> bool:
    """Whether nothing was lost between two media messages of a connection."""
    return sequence == (0 if before is None else (before + 1) % _SEQUENCE_MODULUS)
