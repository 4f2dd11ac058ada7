"""Endpoints about mails: sending one again, and the built-in mailbox for whoever tests the service."""

from datetime import datetime

from pydantic import Field

from gate.service.api.endpoint import Call, Endpoint
from gate.service.api.fields import In, Limit, Out, Seq
from gate.service.api.log_models import MailOut
from gate.service.mail import mailbox
from gate.service.operations.mails import send_again
from gate.service.operations.permission import as_operator
from gate.service.operations.refusals import Refusal, ServiceCode, refusal

_DIGITS_MAX = 18


class MailboxQuery(In):
    """`before`: the last number of the page before. `recipient`: a part of an address."""

    recipient: str | None = Field(default=None, max_length=200)
    before: Seq | None = None
    limit: Limit = 100


class MailboxLineOut(Out):
    """A mail in the built-in mailbox."""

    id: int
    received_at: datetime
    recipients: tuple[str, ...]
    subject: str


class MailboxOut(Out):
    """The newest first; ask on with `before`. Empty where mails go to a mail server."""

    mails: list[MailboxLineOut]


class ReceivedMailOut(MailboxLineOut):
    """A whole mail. `html` is as it came."""

    sender: str
    headers: list[tuple[str, str]]
    text: str
    html: str | None


async def _again(call: Call) -> MailOut | Refusal:
    found = await send_again(call.tx, call.actor, call.path["mail"], call.now)
    return found if isinstance(found, Refusal) else MailOut.model_validate(found)


async def _mailbox(call: Call) -> MailboxOut | Refusal:
    problem = as_operator(call.actor)
    if problem is not None:
        return problem
    query = call.query
    lines = await mailbox.mails(call.tx, before=query.before, recipient=query.recipient, limit=query.limit)
    return MailboxOut.model_validate({"mails": lines})


async def _received(call: Call) -> ReceivedMailOut | Refusal:
    problem = as_operator(call.actor)
    if problem is not None:
        return problem
    number = call.path["mail"]
    known = number.isascii() and number.isdecimal() and len(number) <= _DIGITS_MAX
    found = await mailbox.mail(call.tx, int(number)) if known else None
    return refusal(ServiceCode.UNKNOWN_MAIL) if found is None else ReceivedMailOut.model_validate(found)


ENDPOINTS = (
    Endpoint(
        method="POST", path="/mails/{mail}/again", name="sendMailAgain", tag="logs", handle=_again,
        summary="Gives a mail that was given up another round of attempts", answer=MailOut, refusals=(403, 404, 409),
    ),
    Endpoint(
        method="GET", path="/mailbox", name="listMailbox", tag="logs", handle=_mailbox, query=MailboxQuery,
        summary="What the built-in mailbox has taken, by the operator", answer=MailboxOut, refusals=(403,),
    ),
    Endpoint(
        method="GET", path="/mailbox/{mail}", name="showMailboxMail", tag="logs", handle=_received,
        summary="One of these mails, whole", answer=ReceivedMailOut, refusals=(403, 404),
    ),
)  # fmt: skip
