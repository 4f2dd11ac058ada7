"""The demo site as the board knows it: what its supervisor tells and does (docs/protocols.md, "Orders to a demo site"),
and its clock."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gate.clock import Clock
from gate.shared_clock.controller import command
from gate.shared_clock.errors import ClockCommandError, ClockServerError
from gate.show.errors import RefusedError, SiteAwayError

LINE_BYTES_MAX = 1 << 20
ORDER_SECONDS_MAX = 90.0
CLOCK_SECONDS_MAX = 600.0
"""Two centuries in one step take minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFacts:
    """`addresses`: by what answers there (`remote`, `hdmi`, `portal`, `clock`). `sign_ins`: email and password by role.
    `network`: "connected", "pulled", or "none" where the site has no cable."""

    addresses: dict[str, str] = field(default_factory=dict)
    sign_ins: dict[str, tuple[str, str]] = field(default_factory=dict)
    network: str = "none"

    def address(self, name: str) -> str:
        """Raises SiteAwayError."""
        if name not in self.addresses:
            raise SiteAwayError(f"the demo site has no {name} yet")
        return self.addresses[name]


class DemoSite:
    """`facts` are as of the last order."""

    def __init__(self, socket: Path, clock: Clock) -> None:
        self._socket = socket
        self._clock = clock
        self.facts = SiteFacts()

    async def look(self) -> SiteFacts:
        """What the site is now. Raises SiteAwayError."""
        return self._learn(await self._order("show"))

    async def set_network(self, *, pulled: bool) -> SiteFacts:
        """Raises ShowError."""
        return self._learn(await self._order("pull-network" if pulled else "put-back-network"))

    async def next_visitor(self) -> float:
        """A new site; gives the seconds that took. Raises ShowError."""
        return float((await self._order("next-visitor"))["seconds"])

    async def step(self, text: str, on_progress: Callable[[dict[str, Any]], None] | None = None) -> dict[str, Any]:
        """One command of the clock; gives its outcome. Raises ShowError."""
        try:
            async with self._clock.timeout(CLOCK_SECONDS_MAX):
                return await command(Path(self.facts.address("clock")), text, on_progress)
        except ClockCommandError as error:
            raise RefusedError(str(error)) from None
        except (ClockServerError, OSError, ValueError) as error:
            raise SiteAwayError(str(error)) from None
        except TimeoutError:
            raise SiteAwayError(f"the clock has not finished {text!r} within {CLOCK_SECONDS_MAX:.0f} s") from None

    def _learn(self, told: dict[str, Any]) -> SiteFacts:
        self.facts = SiteFacts(
            addresses=told["addresses"],
            sign_ins={one["role"]: (one["email"], one["password"]) for one in told["sign_ins"]},
            network=told["network"],
        )
        return self.facts

    async def _order(self, name: str) -> dict[str, Any]:
        try:
            async with self._clock.timeout(ORDER_SECONDS_MAX):
                answer = await self._ask(name)
        except (OSError, ValueError):
            raise SiteAwayError(f"no demo site answers at {self._socket}: start `edge-recorder demo`") from None
        except TimeoutError:
            raise SiteAwayError(f"the demo site has not done {name!r} within {ORDER_SECONDS_MAX:.0f} s") from None
        if "error" in answer:
            raise RefusedError(str(answer["error"]))
        done: dict[str, Any] = answer["done"]
        return done

    async def _ask(self, name: str) -> dict[str, Any]:
        reader, writer = await asyncio.open_unix_connection(self._socket, limit=LINE_BYTES_MAX)
        try:
            writer.write(json.dumps({"order": name}).encode() + b"\n")
            answer: dict[str, Any] = json.loads(await reader.readline())
            return answer
        finally:
            writer.close()
