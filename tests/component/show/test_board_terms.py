"""The terms that the slider shows are those of the site as it is."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from gate.clock import SystemClock
from gate.show import board as board_module
from gate.show.board import Board
from gate.show.demo_site import DemoSite, SiteFacts


@dataclass(slots=True)
class Site:
    """A site that begins anew with the same dates, and its service, whose first answer comes late."""

    visitor: int = 1
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    facts: SiteFacts = field(
        default_factory=lambda: SiteFacts(
            addresses={"portal": "http://127.0.0.1:1/"}, sign_ins={"partner": ("p", ""), "customer": ("c", "")}
        )
    )

    async def look(self) -> SiteFacts:
        return self.facts

    async def step(self, text: str) -> dict[str, Any]:
        return {"offset_ns": 0, "expiries": {"cam1": "2027-12-31T15:00:00+00:00"}}

    async def next_visitor(self) -> float:
        self.visitor += 1
        return 2.5

    async def close(self) -> None:
        """As the partner does it: after the answer that is under way."""
        self.answers.set()
        await self.answered.wait()

    async def licensing(self) -> dict[str, Any]:
        term = {"starts": f"visitor {self.visitor}", "term_start": "", "ends": ""}
        self.asked.set()
        await self.answers.wait()
        self.answered.set()
        return {"licences": [{"licence": {"term": term, "camera": "cam1"}}]}


@pytest.mark.asyncio
async def test_terms_of_the_last_visitor_do_not_outlive_him(monkeypatch: pytest.MonkeyPatch) -> None:
    site, clock = Site(), SystemClock()
    monkeypatch.setattr(board_module, "Partner", lambda *_: site)
    board = Board(cast(DemoSite, site), clock)
    looking = asyncio.create_task(board.run())
    async with clock.timeout(10):
        await site.asked.wait()
        await board.next_visitor()
    assert [term["starts"] for term in board.state["terms"]] == ["visitor 2"]
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    clock.close()
