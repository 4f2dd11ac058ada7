"""The messages of the sync channel: one JSON object a line, `{"KIND": {…}}`, both ways (docs/protocols.md).

The service begins with a challenge; the device answers with `hello`, and from then on either side speaks when it has
something to say. Kinds that a side does not know it passes over, and fields too: the other side may be newer.
"""

import json
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from gate.uplink.errors import MessageError

SUBSYSTEM = "edge-uplink-v1"
FORWARD_HOST, FORWARD_PORT = "remote", 1
"""What a device asks to be forwarded, and nothing else: its remote site. No port of this number is ever opened."""
LINE_BYTES_MAX = 2 << 20
CAMERAS_MAX = 256
PLACES_MAX = 64

_Hex = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{2}){16,128}$")]
_Name = Annotated[str, StringConstraints(max_length=64)]
_Place = Annotated[str, StringConstraints(max_length=300)]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True)


class Challenge(_Body):
    """Service: what the device has to prove its key over."""

    challenge: _Hex


class CameraLine(_Body):
    """A camera as its device names it."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=32)]
    name: _Name = ""


class Hello(_Body):
    """Device: who it is (`label`, the text of its QR code), with its proof over the challenge; what it has; what it
    knows (`seq` of the entitlement in force, 0 for none; `floor`, the last signed time). `nonce` asks for the time.
    `places`: the origins of its own pages on its network."""

    label: Annotated[str, StringConstraints(max_length=512)]
    name: _Name
    cameras: Annotated[tuple[CameraLine, ...], Field(max_length=CAMERAS_MAX)]
    boot_id: _Name
    seq: Annotated[int, Field(ge=0, lt=2**53)]
    floor: AwareDatetime | None
    proof: _Hex
    nonce: _Hex
    places: Annotated[tuple[_Place, ...], Field(max_length=PLACES_MAX)] = ()


class Ask(_Body):
    """Device: send the entitlement again, and the time with this nonce."""

    nonce: _Hex


class Ack(_Body):
    """Device: that entitlement is in force, or why it is not (a code of gate.signing.trust)."""

    seq: int
    refused: _Name | None = None


class Cameras(_Body):
    """Device: its cameras have changed."""

    cameras: Annotated[tuple[CameraLine, ...], Field(max_length=CAMERAS_MAX)]


class Standing(_Body):
    """Service: whether the device belongs to somebody. Where it does not, nothing it was told before counts any more.
    `code_taken`: its registration code is another device's; it takes a new one and connects again."""

    registered: bool
    code_taken: bool = False


class Told(_Body):
    """Service: an entitlement, sealed, as a licence file holds it, and the time (gate.signing.time_answer) where it
    was asked for."""

    document: dict[str, Any]
    time: dict[str, Any] | None = None


class Farewell(_Body):
    """Service: it ends the connection, and why. The device tries again later."""

    code: _Name
    ja: str = Field("", max_length=500)
    en: str = Field("", max_length=500)


Message = Challenge | Hello | Ask | Ack | Cameras | Standing | Told | Farewell

_KINDS: dict[str, type[Message]] = {
    "challenge": Challenge,
    "hello": Hello,
    "ask": Ask,
    "ack": Ack,
    "cameras": Cameras,
    "standing": Standing,
    "told": Told,
    "farewell": Farewell,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def line_of(message: Message) -> bytes:
    """The line that says it, its end included."""
    return json.dumps({_NAMES[type(message)]: message.model_dump(mode="json")}, ensure_ascii=False).encode() + b"\n"


def message_of(line: bytes) -> Message | None:
    """What a line says; None for a kind that is not known here. Raises MessageError."""
    try:
        document = json.loads(line)
        ((name, body),) = document.items()
        kind = _KINDS.get(name)
        return kind.model_validate(body) if kind is not None else None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise MessageError(f"{name}.{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except (ValueError, AttributeError, TypeError, RecursionError):
        raise MessageError("this is no message: one JSON object with one name is wanted") from None
