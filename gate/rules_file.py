"""The licence rules as people write them: `configs/rules.yaml`. Every field may be left out; the rest keeps its
default."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, time
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from gate import yaml_file
from gate.config_fields import Section, TimeZone
from gate.licence.facts import Origin, Source
from gate.licence.profile import PROFILES, ExpiryAction, Profile, Quorum
from gate.licence.rules import Audience, AutoAssign, CapScope, ProxyAction, ProxyLogin, Reminder, RenewalRule, Rules
from gate.licence.term import MONTHS_MAX
from gate.profile_file import Duration

REMINDERS_MAX = 50


def _hour(value: Any) -> time:
    try:
        return time.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError(f'a time of day in quotes like "09:00" is wanted, not {value!r:.40}') from None


class _AutoAssign(Section):
    source: Source | None = None
    respect_hold: bool | None = None
    restores_on_allocation: bool | None = None
    ship_ahead: Duration | None = None


class _FreePeriod(Section):
    applies_to: frozenset[Origin]


class _Reminder(Section):
    audience: Audience
    days: int | None = Field(default=None, ge=0, le=3660)
    hours: int | None = Field(default=None, ge=0, le=87_840)
    unless_renewed: bool = False

    @model_validator(mode="after")
    def _one_distance(self) -> "_Reminder":
        if (self.days is None) == (self.hours is None):
            raise ValueError("a reminder has days or hours, one of them")
        return self


class _ProxyLogin(Section):
    may: frozenset[ProxyAction] | None = None
    lasts: Duration | None = None


class _RulesSection(Section):
    time_zone: TimeZone | None = None
    count_starts: Literal["allocation", "binding"] | None = None
    free_period: _FreePeriod | None = None
    renewal: RenewalRule | None = None
    renewal_window: Duration | None = None
    terms_months: tuple[Annotated[int, Field(ge=1, le=MONTHS_MAX)], ...] | None = None
    auto_assign: _AutoAssign | None = None
    reminders: tuple[_Reminder, ...] | None = Field(default=None, max_length=REMINDERS_MAX)
    reminders_at: Annotated[time, BeforeValidator(_hour)] | None = None
    profile: str | None = None
    grace: Duration | None = None
    sd_recording_on_expiry: ExpiryAction | None = None
    device_ops_quorum: Quorum | None = None
    direct_cap: int | None = Field(default=None, ge=0, le=256)
    direct_cap_scope: CapScope | None = None
    registration_needs_allocation: bool | None = None
    qr_serials_from: date | None = None
    mailed_password_lasts: Duration | None = None
    temporary_password_lasts: Duration | None = None
    proxy_login: _ProxyLogin | None = None
    primary_sees: Literal["totals", "customers"] | None = None

    @field_validator("terms_months")
    @classmethod
    def _some_terms(cls, months: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if months is not None and (not months or len(set(months)) < len(months)):
            raise ValueError("a list of different numbers of months is wanted, at least one")
        return months

    @field_validator("reminders")
    @classmethod
    def _different_reminders(cls, reminders: tuple[_Reminder, ...] | None) -> tuple[_Reminder, ...] | None:
        if reminders is not None and len({(one.audience, one.days, one.hours) for one in reminders}) < len(reminders):
            raise ValueError("a reminder is given twice")
        return reminders


def load_rules(path: Path, profiles: Mapping[str, Profile] = PROFILES) -> Rules:
    """The rules in a file. `profiles`: those that `profile` may name. Raises gate.yaml_file.ConfigError naming file,
    line and field. A null is the same as leaving the field out, except where none is a value of its own (no limit)."""
    section = yaml_file.load(path, _RulesSection)
    given = {name: getattr(section, name) for name in section.model_fields_set}
    rules = Rules()
    fields: dict[str, Any] = {}
    for name, value in given.items():
        match value:
            case None if getattr(rules, name) is None or name in ("mailed_password_lasts",):
                fields[name] = None
            case None:
                continue
            case _FreePeriod():
                fields[name] = value.applies_to
            case _AutoAssign() | _ProxyLogin():
                part: AutoAssign | ProxyLogin = getattr(rules, name)
                fields[name] = replace(part, **value.model_dump(exclude_none=True))
            case _ if name == "reminders":
                fields[name] = tuple(Reminder(**one.model_dump()) for one in value)
            case _:
                fields[name] = value
    if fields.get("profile", rules.profile) not in profiles:
        known = ", ".join(profiles)
        raise yaml_file.ConfigError(f"{path}, profile: there is no profile {fields['profile']!r}; choose from {known}")
    return replace(rules, **fields)
