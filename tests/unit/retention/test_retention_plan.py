"""The oldest goes first, just as much as is needed."""

from hypothesis import given
from hypothesis import strategies as st

from recorder.catalog.rows import SegmentId
from recorder.retention.plan import (
    FULL_BYTES,
    Candidate,
    Limits,
    Room,
    Usage,
    plan_bytes_for_full_disk,
    plan_bytes_to_free,
    plan_camera_bytes_to_free,
    plan_deletions,
    plan_room,
    room_to_resume,
)

candidates = st.lists(
    st.builds(
        lambda camera, seq, start, size: Candidate(
            id=SegmentId(f"cam{camera}", "main", 1, seq), start_utc_ns=start, bytes=size
        ),
        st.integers(1, 4),
        st.integers(0, 1000),
        st.integers(0, 1000),
        st.integers(0, 500),
    ),
    max_size=40,
    unique_by=lambda candidate: candidate.id,
)
sizes = st.integers(0, 10**6)


@given(candidates, st.integers(0, 20_000))
def test_what_is_deleted_is_older_than_what_is_kept(found: list[Candidate], wanted: int) -> None:
    chosen = plan_deletions(found, wanted)
    kept = [candidate for candidate in found if candidate not in chosen]
    assert all(gone.start_utc_ns <= left.start_utc_ns for gone in chosen for left in kept)


@given(candidates, st.integers(0, 20_000))
def test_enough_is_deleted_and_not_one_segment_more(found: list[Candidate], wanted: int) -> None:
    chosen = plan_deletions(found, wanted)
    freed = sum(candidate.bytes for candidate in chosen)
    assert freed >= wanted or len(chosen) == len(found)
    if chosen:
        assert freed - chosen[-1].bytes < wanted


@given(sizes, sizes, sizes, sizes, sizes, sizes)
def test_after_the_planned_deletions_both_limits_hold_with_the_room_wanted(
    cap: int, floor: int, used: int, free: int, below: int, above: int
) -> None:
    limits = Limits(bytes_max=cap, free_bytes_min=floor)
    usage = Usage(used_bytes=used, free_bytes=free, rate_bytes_per_second=0)
    wanted = plan_bytes_to_free(limits, usage, Room(below_cap=below, above_floor=above))
    assert wanted >= 0
    assert used - wanted + below <= cap and free + wanted - above >= floor
    assert wanted == 0 or used - wanted + below == cap or free + wanted - above == floor


def test_room_is_an_hour_above_the_floor_and_a_segment_of_each_stream_below_the_cap() -> None:
    usage = Usage(used_bytes=0, free_bytes=10**12, rate_bytes_per_second=2_000_000)
    room = plan_room(Limits(bytes_max=10**12, free_bytes_min=0), usage, 60, stopped=False)
    assert room == Room(below_cap=120_000_000, above_floor=7_200_000_000)


def test_a_small_disk_is_not_kept_empty_for_the_sake_of_room() -> None:
    usage = Usage(used_bytes=10**8, free_bytes=10**8, rate_bytes_per_second=2_000_000)
    room = plan_room(Limits(bytes_max=10**9, free_bytes_min=0), usage, 60, stopped=False)
    assert room == Room(below_cap=10**8, above_floor=2 * 10**7)


@given(sizes, sizes, sizes, sizes, sizes)
def test_what_retention_frees_is_always_enough_for_recording_to_go_on(
    cap: int, floor: int, used: int, free: int, rate: int
) -> None:
    """Neither may wait for the other: all that was wanted is deleted, so recording resumes."""
    limits = Limits(bytes_max=cap, free_bytes_min=floor)
    usage = Usage(used_bytes=used, free_bytes=free, rate_bytes_per_second=rate)
    wanted = plan_bytes_to_free(limits, usage, plan_room(limits, usage, 60, stopped=True))
    after = Usage(used_bytes=used - wanted, free_bytes=free + wanted, rate_bytes_per_second=rate)
    assert plan_bytes_to_free(limits, after, room_to_resume(limits)) == 0


def test_a_disk_that_says_full_once_may_be_wrong_but_not_again_and_again() -> None:
    usage = Usage(used_bytes=10**12, free_bytes=10**12, rate_bytes_per_second=0)
    assert plan_bytes_for_full_disk(usage, 1) == 0
    assert plan_bytes_for_full_disk(usage, 2) == FULL_BYTES
    assert plan_bytes_for_full_disk(Usage(used_bytes=1000, free_bytes=0, rate_bytes_per_second=0), 2) == 100


@given(sizes, st.integers(1, 10**6), sizes)
def test_a_camera_keeps_within_its_share_with_one_more_segment(used: int, share: int, newest: int) -> None:
    wanted = plan_camera_bytes_to_free(used, share, newest)
    assert used - wanted + min(newest, share // 4) <= share and wanted >= 0
