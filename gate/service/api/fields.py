"""Fields of requests: bounded, and nothing in them that a database cannot keep."""

from datetime import date, datetime
from typing import Annotated, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from gate.licence.stock import QUANTITY_MAX
from gate.licence.term import MONTHS_MAX
from gate.service.mail.message import address_of
from gate.service.operations.refusals import Refusal

ROWS_MAX = 200
_SEQ_MAX = 2**53 - 1
_EMAIL = (
    r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@"
    r"([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$"
)


def _mailable(value: str) -> str:
    address_of(value, "")  # AddressError is a ValueError
    return value


Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
CameraId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")]
Line = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1F\x7F]+$")]
"""One line of text for people."""
Search = Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00-\x1F\x7F]*$")]
Email = Annotated[str, StringConstraints(max_length=254, pattern=_EMAIL), AfterValidator(_mailable)]
Password = Annotated[str, StringConstraints(min_length=8, max_length=128, pattern=r"^[^\x00-\x1F\x7F]+$")]
Code = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00-\x1F\x7F]+$")]
QrText = Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=r"^[\x20-\x7E]+$")]
Hex = Annotated[str, StringConstraints(max_length=512, pattern=r"^([0-9a-f]{2})+$")]
Months = Annotated[int, Field(ge=1, le=MONTHS_MAX)]
Quantity = Annotated[int, Field(ge=1, le=QUANTITY_MAX)]
Seq = Annotated[int, Field(ge=0, le=_SEQ_MAX)]
Limit = Annotated[int, Field(ge=1, le=ROWS_MAX)]
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2999, 12, 31))]
Moment = Annotated[AwareDatetime, Field(ge=datetime.fromisoformat("2000-01-01T00:00:00Z"))]


class In(BaseModel):
    """A part of a request: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Out(BaseModel):
    """A part of an answer, read from a value of an operation."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    @classmethod
    def of(cls, found: object) -> Self | Refusal:
        """What an operation gave, or why it refused."""
        return found if isinstance(found, Refusal) else cls.model_validate(found)
