"""Datagrams back in order."""

from hypothesis import given
from hypothesis import strategies as st

from recorder.ingest.rtsp.reorder import PACKETS_MAX, WAIT_SECONDS, ReorderWindow
from tests.fakes.h264_rtp import Packer

WAIT_NS = round(WAIT_SECONDS * 1e9)


class Taken:
    """What comes out of a window."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []
        self.window = ReorderWindow(lambda view, start, stop: self.packets.append(bytes(view[start:stop])))

    def take(self, *packets: bytes, now_ns: int = 0) -> "Taken":
        for packet in packets:
            self.window.push(packet, now_ns)
        return self


def packets(count: int, first: int = 65530) -> list[bytes]:
    packer = Packer(sequence=first)
    return [packer.packet(bytes((i % 256,)), i * 3000) for i in range(count)]


@given(st.integers(0, 65535), st.permutations(range(1, 20)), st.lists(st.integers(0, 19), max_size=10))
def test_any_disorder_and_any_duplicates_come_out_in_order(first: int, order: list[int], twice: list[int]) -> None:
    sent = packets(20, first)
    taken = Taken().take(sent[0], *(sent[i] for i in order), *(sent[i] for i in twice))
    assert taken.packets == sent
    assert taken.window.late == len(twice) and not taken.window.holding


def test_a_hole_is_given_up_after_a_tenth_of_a_second() -> None:
    sent = packets(6)
    taken = Taken().take(sent[0], sent[2])
    assert taken.take(sent[3], now_ns=WAIT_NS - 1).packets == sent[:1]
    assert taken.take(sent[4], now_ns=WAIT_NS).packets == [sent[0], *sent[2:5]]
    assert taken.take(sent[1], now_ns=WAIT_NS).packets == [sent[0], *sent[2:5]]
    assert taken.window.late == 1


def test_a_hole_is_given_up_when_nothing_more_comes() -> None:
    sent = packets(8)
    taken = Taken().take(sent[0], sent[2], sent[5])
    taken.window.release(WAIT_NS - 1)
    assert len(taken.packets) == 1
    taken.window.release(WAIT_NS)
    assert taken.packets == [sent[0], sent[2], sent[5]] and not taken.window.holding


def test_a_duplicate_of_what_waits_is_counted_once_and_not_passed_on() -> None:
    sent = packets(4)
    taken = Taken().take(sent[0], sent[2], sent[2], sent[1], sent[3])
    assert taken.packets == sent and taken.window.late == 1


def test_what_waits_is_bounded() -> None:
    sent = packets(PACKETS_MAX + 3)
    taken = Taken().take(sent[0], *sent[2:])
    assert len(taken.packets) > PACKETS_MAX


def test_another_source_begins_anew_after_all_that_waits() -> None:
    sent, other = packets(4), Packer(ssrc=9, sequence=7).packet(b"x", 0)
    assert Taken().take(sent[0], sent[3], other, sent[1]).packets == [sent[0], sent[3], other, sent[1]]


@given(st.lists(st.binary(max_size=20), max_size=50), st.lists(st.integers(0, 2 * WAIT_NS), max_size=50))
def test_any_datagrams_come_out_or_are_counted(noise: list[bytes], times: list[int]) -> None:
    taken = Taken()
    for index, packet in enumerate(noise):
        taken.take(packet, now_ns=sum(times[:index]))
    taken.window.release(1 << 60)
    assert len(taken.packets) + taken.window.late == len(noise)
