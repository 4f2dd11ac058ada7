"""What time does between a verifier's acts and what it looks at next."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from gate.verify.course import Course
from gate.verify.matrix import Check
from gate.verify.scenario import Limits


class _Clock:
    def __init__(self) -> None:
        self.ns = 0
        self.slept: list[float] = []

    def now_ns(self) -> int:
        return self.ns

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.ns += round(seconds * 1e9)


@pytest.mark.parametrize("is_given", [True, False])
async def test_a_camera_that_a_licence_is_given_to_or_taken_from_has_a_moment_to_hear_of_it_before_anybody_looks(
    is_given: bool,
) -> None:
    """Looked at sooner, a download would still be given, and torn off in its middle; or everything still refused."""
    clock, covered = _Clock(), {"cam2"} if is_given else {"cam1", "cam2"}
    site: Any = SimpleNamespace(clock=clock, now_ns=clock.now_ns, now=lambda: None, cameras=("cam1", "cam2"))
    book = SimpleNamespace(covered_until=lambda camera, at: 1 if camera in covered else None)
    course = Course(site, Limits(), cast(Any, SimpleNamespace(book=book)), lambda check: None, lambda text: None)

    async def act() -> list[Check]:
        covered.symmetric_difference_update({"cam1"})
        return []

    async def do_nothing() -> list[Check]:
        return []

    await course.act(act)
    assert (clock.slept, course.lapsed) == ([1.0], {} if is_given else {"cam1": 10**9})
    await course.act(do_nothing)
    assert clock.slept == [1.0], "it has heard of it"
