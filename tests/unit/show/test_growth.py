"""The soak's judgement: it sees a leak, and is not deceived by rounds, outliers or the warm-up."""

import random

import pytest

from tests.soak.growth import ALLOWED, growth_of

HOUR = [float(second) for second in range(0, 3600, 10)]


def series(base: float, per_hour: float, *, tooth: float = 0.0, noise: float = 0.0) -> list[tuple[float, float]]:
    """Grows evenly; a saw-tooth of two minutes; noise."""
    rolls = random.Random(7)
    return [(at, base + per_hour * at / 3600 + tooth * (at % 120) / 120 + rolls.uniform(-noise, noise)) for at in HOUR]


@pytest.mark.parametrize(("measure", "base", "per_hour"), [("rss_mb", 100, 30), ("fds", 40, 6), ("threads", 10, 5)])
def test_a_leak_is_seen(measure: str, base: float, per_hour: float) -> None:
    assert growth_of(measure, series(base, per_hour)).too_much
    assert growth_of(measure, series(base, per_hour, tooth=base / 2, noise=base / 10)).too_much


@pytest.mark.parametrize("measure", sorted(ALLOWED))
def test_what_goes_up_and_down_with_the_rounds_is_no_leak(measure: str) -> None:
    growth = growth_of(measure, series(100, 0, tooth=60, noise=10))
    assert not growth.too_much
    assert growth.least < growth.median < growth.most


def test_a_few_outliers_and_the_warm_up_are_no_leak() -> None:
    points = series(100, 0)
    points = [(at, 20.0 if at < 600 else value) for at, value in points]
    points[-3:] = [(at, 900.0) for at, _ in points[-3:]]
    assert not growth_of("rss_mb", points).too_much


def test_growth_is_told_for_an_hour_and_for_the_whole_series() -> None:
    growth = growth_of("rss_mb", series(100, 10))
    assert growth.per_hour == pytest.approx(10)
    assert growth.grown == pytest.approx(8, abs=0.1), "without the first fifth"
