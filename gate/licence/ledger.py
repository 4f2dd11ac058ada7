"""Facts as JSON objects, and back, strictly: what does not fit is refused with the name of the field.

`{"fact": "StockPurchased", "id": ..., "at": "2026-01-31T09:00:00Z", "actor": ..., "on_behalf_of": null, ...}`; instants
are UTC, days `2026-01-31`, a term an object of its dates. A field that may be null is never left out.
"""

from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, date, datetime
from typing import Any

from gate.licence.entitlement import YEARS, Kind
from gate.licence.errors import LedgerError
from gate.licence.facts import FACTS, Fact, Origin, Source, Trigger
from gate.licence.term import MONTHS_MAX, Term

NAME_CHARACTERS_MAX = 128
QUANTITY_MAX = 1_000_000

_KINDS = {kind.__name__: kind for kind in FACTS}


def record_of(fact: Fact) -> dict[str, Any]:
    """The fact as a JSON-able dict. `fact_of` gives the same fact back."""
    return {"fact": type(fact).__name__} | {field.name: _plain(getattr(fact, field.name)) for field in fields(fact)}


def fact_of(record: object) -> Fact:
    """The fact in a record. Raises LedgerError naming the field."""
    if not isinstance(record, dict):
        raise LedgerError("record", f"an object is wanted, not {record!r:.40}")
    name = record.get("fact")
    kind = _KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise LedgerError("fact", f"there is no such fact: {name!r:.40}")
    readers = {field.name: _READERS[field.type] for field in fields(kind)}
    _check_names(record.keys() - {"fact"}, readers.keys(), kind.__name__)
    return kind(**{name: reader(record[name], name) for name, reader in readers.items()})


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case Term():
            return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
        case _:
            return value


def _check_names(given: Any, wanted: Any, where: str) -> None:
    if missing := sorted(wanted - given):
        raise LedgerError(where, f"{missing[0]} is missing")
    if unknown := sorted(given - wanted, key=str):
        raise LedgerError(where, f"there is no field {unknown[0]!r:.40}")


def _text(value: Any, field: str) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= NAME_CHARACTERS_MAX:
        raise LedgerError(field, f"a text of 1 to {NAME_CHARACTERS_MAX} characters is wanted, not {value!r:.40}")
    return value


def _number(value: Any, field: str) -> int:
    most = MONTHS_MAX if field == "months" else QUANTITY_MAX
    if type(value) is not int or not 1 <= value <= most:
        raise LedgerError(field, f"a whole number from 1 to {most} is wanted, not {value!r:.40}")
    return value


def _instant(value: Any, field: str) -> datetime:
    if isinstance(value, str) and len(value) <= 40:
        try:
            instant = datetime.fromisoformat(value)
            if instant.tzinfo is not None and instant.year in YEARS:
                return instant.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise LedgerError(field, f"an instant like 2027-01-01T00:00:00Z is wanted, not {value!r:.40}")


def _day(value: Any, field: str) -> date:
    if isinstance(value, str) and len(value) == 10:
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise LedgerError(field, f"a day like 2027-01-01 is wanted, not {value!r:.40}")


def _term(value: Any, field: str) -> Term:
    if not isinstance(value, dict):
        raise LedgerError(field, "an object of a term's dates is wanted")
    readers = {part.name: _READERS[part.type] for part in fields(Term)}
    _check_names(value.keys(), readers.keys(), field)
    term = Term(**{name: reader(value[name], f"{field}.{name}") for name, reader in readers.items()})
    if not term.starts < term.ends or not term.term_start <= term.last_day:
        raise LedgerError(field, "it ends before it begins")
    return term


def _one_of(*values: str) -> Callable[[Any, str], Any]:
    def read(value: Any, field: str) -> Any:
        if value not in values:
            raise LedgerError(field, f"one of {', '.join(values)} is wanted, not {value!r:.40}")
        return value

    return read


def _or_null(reader: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    return lambda value, field: None if value is None else reader(value, field)


_READERS: dict[Any, Callable[[Any, str], Any]] = {
    str: _text,
    str | None: _or_null(_text),
    int: _number,
    datetime: _instant,
    date: _day,
    Term: _term,
    Term | None: _or_null(_term),
    Kind: _one_of("edge", "direct"),
    Origin: _one_of("first", "renewal", "automatic"),
    Source: _one_of("customer_pool", "partner_stock"),
    Trigger: _one_of("expiry", "allocation"),
}
