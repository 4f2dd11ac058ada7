"""Letters: what is said to whom, as values. The words are the templates', one file a kind and language.

A letter is kept in the outbox until it is sent, so all that it says is JSON-able. What must not be read later, a mailed
password, is among the `secrets`: they leave the outbox with the mail.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Literal

from gate.licence.entitlement import Kind
from gate.licence.rules import Audience
from gate.licence.text import Language

LetterKind = Literal[
    "reminder_partner",
    "reminder_customer",
    "licences_assigned",
    "licence_moved",
    "device_registered",
    "account_created",
    "password_forgotten",
    "password_expired",
]
ROWS_MAX = 100
"""Licences, cameras or devices listed in one mail; the rest are a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Somebody with a mailbox."""

    email: str
    name: str
    language: Language = "ja"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One mail's content. `key`: of two letters with the same one the second is not written."""

    kind: LetterKind
    to: Recipient
    values: Mapping[str, Any]
    secrets: Mapping[str, str] = field(default_factory=dict)
    key: str | None = None
    partner: str | None = None
    customer: str | None = None
    """Whose mail log it is in: the partner's, and the customer's it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndingLicence:
    """A row of a reminder. `camera` is what people call it, None for a licence that is bound to none."""

    licence: str
    kind: Kind
    months: int
    camera: str | None
    renewed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignedLicence:
    """A row of a notice of automatic assignment."""

    licence: str
    kind: Kind
    camera: str
    last_day: date
    from_stock: bool = False


def reminder(
    to: Recipient,
    *,
    audience: Audience,
    name: str,
    customer: str,
    customer_name: str,
    partner: str,
    last_day: date,
    ends: datetime,
    days: int | None,
    hours: int | None,
    licences: Iterable[EndingLicence],
) -> Letter:
    """R22 to R24. `name` is the reminder's, as in the rules; its distance is `days` or `hours`."""
    rows = sorted(licences, key=lambda row: (row.renewed, row.kind, row.camera or "", row.licence))
    return Letter(
        kind="reminder_partner" if audience == "partner" else "reminder_customer",
        to=to,
        key=f"reminder:{name}:{last_day.isoformat()}:{min(row.licence for row in rows)}:{to.email}",
        partner=partner,
        customer=customer,
        values={
            "customer": customer_name,
            "last_day": last_day.isoformat(),
            "ends": _instant(ends),
            "days": days,
            "hours": hours,
            "count": len(rows),
            "renewed": sum(row.renewed for row in rows),
            "rows": [
                {"kind": row.kind, "months": row.months, "camera": row.camera, "renewed": row.renewed}
                for row in rows[:ROWS_MAX]
            ],
        },
    )


def licences_assigned(
    to: Recipient,
    *,
    audience: Audience,
    customer: str,
    customer_name: str,
    partner: str,
    at: datetime,
    licences: Iterable[AssignedLicence],
) -> Letter:
    """R7: never silent. One for the customer, one for its partner."""
    rows = sorted(licences, key=lambda row: (row.camera, row.licence))
    return Letter(
        kind="licences_assigned",
        to=to,
        key=f"assigned:{audience}:{_instant(at)}:{min(row.licence for row in rows)}:{to.email}",
        partner=partner,
        customer=customer,
        values={
            "audience": audience,
            "customer": customer_name,
            "at": _instant(at),
            "count": len(rows),
            "rows": [
                {
                    "kind": row.kind,
                    "camera": row.camera,
                    "last_day": row.last_day.isoformat(),
                    "from_stock": row.from_stock,
                }
                for row in rows[:ROWS_MAX]
            ],
        },
    )


def licence_moved(
    to: Recipient,
    *,
    customer: str,
    partner: str,
    at: datetime,
    source: str | None,
    target: str | None,
    last_day: date,
    actor_name: str,
) -> Letter:
    """R9: somebody else than the customer moved a licence, from a camera or the pool, to a camera or the pool."""
    return Letter(
        kind="licence_moved",
        to=to,
        partner=partner,
        customer=customer,
        values={
            "at": _instant(at),
            "source": source,
            "target": target,
            "last_day": last_day.isoformat(),
            "actor": actor_name,
        },
    )


def device_registered(
    to: Recipient, *, customer: str, partner: str, at: datetime, device: str, kind: Kind, cameras: Iterable[str]
) -> Letter:
    """R19: a device is the customer's now."""
    names = sorted(cameras)
    return Letter(
        kind="device_registered",
        to=to,
        partner=partner,
        customer=customer,
        values={
            "at": _instant(at),
            "device": device,
            "kind": kind,
            "count": len(names),
            "cameras": names[:ROWS_MAX],
        },
    )


def account_created(
    to: Recipient,
    *,
    password: str,
    expires: datetime | None,
    by_name: str,
    partner: str | None,
    customer: str | None = None,
) -> Letter:
    """R15: an account with a random password, which must be changed before it expires."""
    return Letter(
        kind="account_created",
        to=to,
        partner=partner,
        customer=customer,
        values={"email": to.email, "by": by_name, "expires": _instant(expires) if expires else None},
        secrets={"password": password},
    )


def password_forgotten(
    to: Recipient, *, password: str, expires: datetime | None, partner: str | None = None, customer: str | None = None
) -> Letter:
    """R15: a new random password for who asked for one."""
    return Letter(
        kind="password_forgotten",
        to=to,
        partner=partner,
        customer=customer,
        values={"email": to.email, "expires": _instant(expires) if expires else None},
        secrets={"password": password},
    )


def password_expired(
    to: Recipient, *, account: str, expired: datetime, partner: str | None = None, customer: str | None = None
) -> Letter:
    """R15: a mailed password that was not changed in time signs nobody in any more."""
    return Letter(
        kind="password_expired",
        to=to,
        key=f"password_expired:{account}:{_instant(expired)}",
        partner=partner,
        customer=customer,
        values={"email": to.email, "expired": _instant(expired)},
    )


def _instant(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
