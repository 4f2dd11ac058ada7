"""What time does between a verifier's acts and what it looks at next."""

from types import SimpleNamespace
from typing import Any, cast

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


async def test_a_camera_whose_licence_is_taken_has_a_moment_to_hear_of_it_before_anybody_looks() -> None:
    """Looked at sooner, a download would still be given, and torn off in its middle: neither yes nor no."""
    clock = _Clock()
    site: Any = SimpleNamespace(clock=clock, now_ns=clock.now_ns, now=lambda: None, cameras=("cam1", "cam2"))
    book = SimpleNamespace(covered_until=lambda camera, at: None if camera == "cam1" else 1)
    course = Course(site, Limits(), cast(Any, SimpleNamespace(book=book)), lambda check: None, lambda text: None)

    async def take() -> list[Check]:
        return []

    await course.act(take)
    assert (clock.slept, course.lapsed) == ([1.0], {"cam1": 10**9})
    await course.act(take)
    assert clock.slept == [1.0], "it has heard of it"
