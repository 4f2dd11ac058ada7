"""A ledger for tests: runs plans at a time of its own, keeps facts and state."""

import inspect
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from gate.licence.assignment import plan_assignments
from gate.licence.devices import plan_register_camera, plan_register_device
from gate.licence.entitlement import Interval, Kind
from gate.licence.facts import By, CameraKey, Fact, Facts, LicenceAllocated
from gate.licence.fold import fold
from gate.licence.grants import grants_for
from gate.licence.pool import plan_bind
from gate.licence.refusals import RefusalCode, Refused
from gate.licence.rules import Rules
from gate.licence.state import EMPTY, Licence
from gate.licence.stock import plan_add_customer, plan_allocate, plan_purchase, plan_register_partner

TOKYO = ZoneInfo("Asia/Tokyo")


def tokyo(text: str) -> datetime:
    """`2026-05-31` (midnight) or `2026-05-31T10:00`, in Tokyo."""
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO)


class Book:
    """`partner` with customer `alice`; both are there from the beginning."""

    def __init__(self, rules: Rules | None = None, now: str = "2025-04-10T10:00") -> None:
        self.rules = rules or Rules()
        self.now = tokyo(now)
        self.facts: list[Fact] = []
        self.state = EMPTY
        self.swept_until = self.now
        self._numbers = 0
        self.do(plan_register_partner, partner="partner")
        self.do(plan_add_customer, partner="partner", customer="alice")

    @property
    def by(self) -> By:
        """Now, by somebody."""
        return By(at=self.now, actor="tester", new_id=self._new_id)

    def ask(self, plan: Callable[..., Facts | Refused], **arguments: Any) -> Facts | Refused:
        """What the plan answers; nothing is appended."""
        rules = {"rules": self.rules} if "rules" in inspect.signature(plan).parameters else {}
        return plan(self.state, self.by, **rules, **arguments)

    def do(self, plan: Callable[..., Facts | Refused], **arguments: Any) -> Facts:
        """Appends what the plan answers, which must not be a refusal."""
        facts = self.ask(plan, **arguments)
        assert not isinstance(facts, Refused), facts.text.en
        self.append(facts)
        return facts

    def refusal(self, plan: Callable[..., Facts | Refused], **arguments: Any) -> RefusalCode:
        """The code of the refusal that the plan must answer."""
        answer = self.ask(plan, **arguments)
        assert isinstance(answer, Refused), answer
        assert answer.text.ja and answer.text.en
        return answer.code

    def append(self, facts: Facts) -> None:
        """Appends facts."""
        self.facts += facts
        self.state = fold(facts, self.state)

    def at(self, text: str) -> "Book":
        """Moves now, with no job running in between."""
        self.now = tokyo(text)
        return self

    def sweep(self) -> Facts:
        """The job of automatic assignment, for all that has passed since it last ran."""
        facts = plan_assignments(self.state, self.by, self.rules, since=self.swept_until)
        self.append(facts)
        self.swept_until = max(self.now, self.swept_until)
        return facts

    def buy(self, quantity: int = 1, *, months: int = 12, kind: Kind = "edge", partner: str = "partner") -> None:
        """Into stock."""
        self.do(plan_purchase, partner=partner, kind=kind, months=months, quantity=quantity)

    def allocate(self, customer: str = "alice", *, months: int = 12, kind: Kind = "edge") -> str:
        """One licence, bought and allocated; its id."""
        self.buy(months=months, kind=kind)
        facts = self.do(plan_allocate, partner="partner", customer=customer, kind=kind, months=months)
        assert isinstance(facts[0], LicenceAllocated)
        return facts[0].licence

    def camera(self, name: str, device: str = "rec-1", customer: str = "alice", kind: Kind = "edge") -> CameraKey:
        """A registered camera; its device too, if it is new."""
        if device not in self.state.devices:
            self.do(plan_register_device, customer=customer, device=device, kind=kind)
        key = CameraKey(device, name)
        self.do(plan_register_camera, customer=customer, camera=key)
        return key

    def bind(self, licence: str, camera: CameraKey) -> None:
        """By hand."""
        self.do(plan_bind, customer="alice", licence=licence, camera=camera)

    def licensed(self, name: str, device: str = "rec-1") -> tuple[str, CameraKey]:
        """A licence and the camera it is bound to, both new."""
        licence = self.allocate()
        key = self.camera(name, device)
        self.bind(licence, key)
        return licence, key

    def licence(self, licence: str) -> Licence:
        """By id."""
        return self.state.licences[licence]

    def told(self, key: CameraKey) -> tuple[Interval, ...]:
        """The intervals that the camera's device would be told now."""
        grants = grants_for(self.state, key.device, self.now, self.rules, since=self.swept_until)
        return grants[key.camera].intervals

    def is_covered(self, key: CameraKey, instant: datetime | None = None) -> bool:
        """Whether a licence covers the camera."""
        return self.state.cameras[key].covered_at(instant or self.now) is not None

    def _new_id(self) -> str:
        self._numbers += 1
        return f"id-{self._numbers}"


DAY = timedelta(days=1)
