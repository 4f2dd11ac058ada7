"""Endpoints about what has been: history, audit, mails, reminders."""

from typing import Annotated

from pydantic import Field

from gate.licence.facts import FACTS
from gate.licence.ledger import record_of
from gate.service.api.endpoint import Call, Endpoint
from gate.service.api.fields import Id, In, Limit, Seq
from gate.service.api.log_models import AuditOut, HistoryLineOut, HistoryOut, MailsOut, RemindersOut
from gate.service.operations.audit import audit_log
from gate.service.operations.history import history
from gate.service.operations.mails import mail_log
from gate.service.operations.refusals import Refusal
from gate.service.operations.reminders import settled_reminders

_KINDS = "|".join(sorted(kind.__name__ for kind in FACTS))

KindName = Annotated[str, Field(pattern=f"^({_KINDS})$")]


class LogQuery(In):
    """`before`: the last number of the page before. `customer`: what concerns it alone."""

    customer: Id | None = None
    before: Seq | None = None
    limit: Limit = 100


class HistoryQuery(LogQuery):
    """`kind`: facts of this kind only."""

    kind: KindName | None = None


class MailsQuery(In):
    """`before`: the last id of the page before."""

    customer: Id | None = None
    before: Id | None = None
    limit: Limit = 100


class RemindersQuery(In):
    """Of one customer."""

    customer: Id | None = None
    limit: Limit = 100


async def _history(call: Call) -> HistoryOut | Refusal:
    query = call.query
    found = await history(
        call.tx,
        call.actor,
        call.now,
        call.rules,
        customer=query.customer,
        kinds=frozenset({query.kind}) if query.kind else None,
        before=query.before,
        limit=query.limit,
    )
    if isinstance(found, Refusal):
        return found
    lines = [
        HistoryLineOut(
            seq=line.seq,
            fact=record_of(line.fact),
            actor_name=line.actor_name,
            partner_name=line.partner_name,
            customer_name=line.customer_name,
            customer_email=line.customer_email,
        )
        for line in found
    ]
    return HistoryOut(history=lines)


async def _audit(call: Call) -> AuditOut | Refusal:
    query = call.query
    found = await audit_log(call.tx, call.actor, customer=query.customer, before=query.before, limit=query.limit)
    return found if isinstance(found, Refusal) else AuditOut.model_validate({"audit": found})


async def _mails(call: Call) -> MailsOut | Refusal:
    query = call.query
    found = await mail_log(call.tx, call.actor, customer=query.customer, before=query.before, limit=query.limit)
    return found if isinstance(found, Refusal) else MailsOut.model_validate({"mails": found})


async def _reminders(call: Call) -> RemindersOut | Refusal:
    query = call.query
    found = await settled_reminders(
        call.tx, call.actor, call.now, call.rules, customer=query.customer, limit=query.limit
    )
    return found if isinstance(found, Refusal) else RemindersOut.model_validate({"reminders": found})


ENDPOINTS = (
    Endpoint(
        method="GET", path="/history", name="listHistory", tag="logs", handle=_history, query=HistoryQuery,
        summary="The ledger, as far as one may see it", answer=HistoryOut, refusals=(403, 404),
    ),
    Endpoint(
        method="GET", path="/audit", name="listAudit", tag="logs", handle=_audit, query=LogQuery,
        summary="Who did what, and what was refused", answer=AuditOut, refusals=(403, 404),
    ),
    Endpoint(
        method="GET", path="/mails", name="listMails", tag="logs", handle=_mails, query=MailsQuery,
        summary="The mail log", answer=MailsOut, refusals=(403, 404),
    ),
    Endpoint(
        method="GET", path="/reminders", name="listReminders", tag="logs", handle=_reminders, query=RemindersQuery,
        summary="Reminders that were settled", answer=RemindersOut, refusals=(403, 404),
    ),
)  # fmt: skip
