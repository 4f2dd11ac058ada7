"""The pre-event ring reaches back as far as it was told, always from a key frame on, within its bound."""

import logging
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.media.access_unit import AccessUnit
from recorder.segments import pre_event
from recorder.segments.pre_event import PreEventRing
from tests.fakes.video import FPS, access_units

UNITS = access_units(20 * FPS)


def rerun(gops: Sequence[int], runs: Sequence[int]) -> list[AccessUnit]:
    """Groups of these lengths, the same pictures a second apart, in these runs."""
    out: list[AccessUnit] = []
    for length, run in zip(gops, runs, strict=False):
        out += [replace(UNITS[len(out) + number], key=number == 0, run=run) for number in range(length)]
    return out


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=7),
    st.lists(st.integers(1, 3), min_size=7, max_size=7).map(sorted),
    st.floats(0, 12),
)
def test_it_holds_the_seconds_asked_for_from_the_key_frame_before_them_on(
    gops: list[int], runs: list[int], seconds: float
) -> None:
    units = rerun(gops, runs)
    ring = PreEventRing("cam1", seconds)
    for unit in units:
        ring.push(unit)
    assert ring.bytes == sum(len(unit.data) for group in ring._groups for unit in group)
    held = ring.drain()
    assert held == units[len(units) - len(held) :], "the newest pictures, none missing"
    assert held[0].key
    wanted_ns = units[-1].utc_ns - round(seconds * 1e9)
    assert held[0].utc_ns <= wanted_ns or held == units, "far enough back"
    second_key = next((unit for unit in held[1:] if unit.key), None)
    assert second_key is None or second_key.utc_ns > wanted_ns, "and no further than it must"
    assert ring.drain() == [] and ring.bytes == 0


def test_pictures_without_a_key_frame_before_them_are_not_kept() -> None:
    ring = PreEventRing("cam1", 10)
    for unit in UNITS[3:FPS]:
        ring.push(unit)
    assert ring.drain() == []
    for unit in UNITS[FPS : FPS + 3]:
        ring.push(unit)
    ring.push(replace(UNITS[FPS + 3], run=2))
    ring.push(replace(UNITS[FPS + 4], run=2))
    assert ring.drain() == UNITS[FPS : FPS + 3]


def test_memory_is_bounded_and_what_is_dropped_is_counted_and_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    group = sum(len(unit.data) for unit in UNITS[FPS : 2 * FPS])
    monkeypatch.setattr(pre_event, "PRE_EVENT_BYTES_MAX", 3 * group)
    ring = PreEventRing("cam1", 60)
    with caplog.at_level(logging.WARNING):
        for unit in UNITS:
            ring.push(unit)
            assert ring.bytes <= 3 * group
    assert ring.overflows > 2 and "camera cam1" in caplog.messages[0]
    assert len(caplog.messages) < ring.overflows
    held = ring.drain()
    assert held[0].key and held[-1] == UNITS[-1] and len(held) > FPS
    monkeypatch.setattr(pre_event, "PRE_EVENT_BYTES_MAX", group // 2)
    for unit in UNITS[: FPS - 1]:
        ring.push(unit)
        assert ring.bytes <= group // 2
