"""The decisions where the manual is silent or contradicts itself: one value, one key each.

The defaults are the product's; `gate.rules_file` reads others from YAML. Numbers in brackets are those of the
decisions in the licence rules. What a lapse stops is a profile's matter (`gate.licence.profile`); the keys here that
touch it (`profile`, `grace`, `device_ops_quorum`, `sd_recording_on_expiry`) choose one and override it.
"""

from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from gate.licence.facts import Origin, Source
from gate.licence.profile import PROFILES, ExpiryAction, Profile, Quorum

Audience = Literal["partner", "customer"]
RenewalRule = Literal["calendar", "strict60", "from_expiry"]
CapScope = Literal["customer", "device", "none"]
ProxyAction = Literal[
    "view_devices", "view_licences", "move_binding", "view_video", "change_password", "change_email", "accept_terms",
    "delete",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """One mail before the end: `days` before the last day at the hour of the rules, or `hours` before the end."""

    audience: Audience
    days: int | None = None
    hours: int | None = None
    unless_renewed: bool = False

    def __post_init__(self) -> None:
        if (self.days is None) == (self.hours is None):
            raise ValueError("a reminder has days or hours, one of them")

    @property
    def name(self) -> str:
        """`partner_90d`, `partner_24h`: what the ledger of sent mails knows it by."""
        return f"{self.audience}_{self.days}d" if self.hours is None else f"{self.audience}_{self.hours}h"


REMINDERS = (
    Reminder(audience="partner", days=90),
    Reminder(audience="partner", days=60),
    Reminder(audience="partner", days=30),
    Reminder(audience="partner", days=14),
    Reminder(audience="partner", hours=24, unless_renewed=True),
    Reminder(audience="customer", days=14),
    Reminder(audience="customer", days=1),
)
"""R22, R23, R24."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoAssign:
    """Automatic assignment: (2) where licences come from, (3) whether held cameras are left alone; R25 whether an
    allocation brings lapsed cameras back by itself; how long before X a device is told what will follow."""

    source: Source = "customer_pool"
    respect_hold: bool = False
    restores_on_allocation: bool = True
    ship_ahead: timedelta = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyLogin:
    """(15) what a partner may do as its customer, and for how long."""

    may: frozenset[ProxyAction] = frozenset({"view_devices", "view_licences", "move_binding"})
    lasts: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Every decision with its default."""

    time_zone: str = "Asia/Tokyo"
    """(6) whose calendar days, midnights and hours count."""
    count_starts: Literal["allocation", "binding"] = "allocation"
    """(1) what fixes a term."""
    free_period: frozenset[Origin] = frozenset({"first", "renewal", "automatic"})
    """(4) which allocations are free until the end of the next month; others count from their own day."""
    renewal: RenewalRule = "calendar"
    """(5) `strict60`: a renewal at most 60 days before the last day never begins before that term's end; `from_expiry`:
    a renewal always begins where the old term ends."""
    renewal_window: timedelta = timedelta(days=90)
    """An allocation is the renewal of a licence that ends within this, the first reminder's distance."""
    terms_months: tuple[int, ...] = (12, 36, 60)
    """(18) the terms that are sold."""
    auto_assign: AutoAssign = field(default_factory=AutoAssign)
    reminders: tuple[Reminder, ...] = REMINDERS
    """(8) which mails there are, and which are dropped if renewed."""
    reminders_at: time = time(9)
    """(7) the local time of those that count in days."""
    profile: str = "remo"
    """(9) what a lapse stops."""
    grace: timedelta | None = None
    """How long after X everything goes on; None: as the profile says."""
    sd_recording_on_expiry: ExpiryAction | None = None
    """(10) a direct camera's recording to its card; None: as the profile says."""
    device_ops_quorum: Quorum | None = None
    """(11) how many cameras must be entitled for M9; None: as the profile says."""
    direct_cap: int = 2
    direct_cap_scope: CapScope = "customer"
    """(12) within what the direct cameras are counted."""
    registration_needs_allocation: bool = True
    """R19, (13): a device may be registered only once its customer has been allocated a licence."""
    qr_serials_from: date = date(2024, 7, 1)
    """R20: recorders made from this day on carry a QR code to register by."""
    mailed_password_lasts: timedelta | None = timedelta(hours=24)
    """(14) None: without limit."""
    temporary_password_lasts: timedelta | None = None
    """(14) of a password that the partner chose and told."""
    proxy_login: ProxyLogin = field(default_factory=ProxyLogin)
    primary_sees: Literal["totals", "customers"] = "totals"
    """(16) what a primary partner sees of its secondary partners'."""

    @property
    def zone(self) -> ZoneInfo:
        """The time zone itself. Raises ZoneInfoNotFoundError for a name that is none."""
        return ZoneInfo(self.time_zone)

    def effective_profile(self, profile: Profile | None = None) -> Profile:
        """What a lapse stops under these rules. `profile`: a user's own; else the built-in one that `profile` names,
        KeyError if there is none."""
        return (profile or PROFILES[self.profile]).with_overrides(
            grace=self.grace,
            device_ops_quorum=self.device_ops_quorum,
            sd_recording_on_expiry=self.sd_recording_on_expiry,
        )
