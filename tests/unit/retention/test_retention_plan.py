"""The oldest goes first, just as much as is needed."""

from hypothesis import given
from hypothesis import strategies as st

from recorder.catalog.rows import SegmentId
from recorder.retention.plan import (
    HEADROOM_SHARE_MAX,
    Candidate,
    Limits,
    Usage,
    headroom_bytes,
    plan_bytes_to_free,
    plan_deletions,
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


@given(sizes, sizes, sizes, sizes, sizes)
def test_after_the_planned_deletions_both_limits_hold_with_the_headroom(
    cap: int, floor: int, used: int, free: int, headroom: int
) -> None:
    limits = Limits(bytes_max=cap, free_bytes_min=floor)
    usage = Usage(used_bytes=used, free_bytes=free, rate_bytes_per_second=0)
    wanted = plan_bytes_to_free(limits, usage, headroom)
    assert wanted >= 0
    assert used - wanted + headroom <= cap and free + wanted - headroom >= floor
    assert wanted == 0 or used - wanted + headroom == cap or free + wanted - headroom == floor


def test_headroom_is_one_segment_of_every_stream_but_never_most_of_a_small_volume() -> None:
    usage = Usage(used_bytes=0, free_bytes=0, rate_bytes_per_second=2_000_000)
    assert headroom_bytes(Limits(bytes_max=20 * 10**9, free_bytes_min=0), usage, 60) == 120_000_000
    assert headroom_bytes(Limits(bytes_max=10**8, free_bytes_min=0), usage, 60) == 10**8 * HEADROOM_SHARE_MAX
