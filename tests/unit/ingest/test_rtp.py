"""RTP reception and RTCP."""

import struct
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.ingest.rtsp.rtp import (
    Bye,
    RtpReceiver,
    SenderReport,
    TimestampUnwrapper,
    parse_rtcp,
    picture_loss_indication,
    receiver_report,
)
from tests.fakes.h264_rtp import Packer


@dataclass
class Heard:
    """What a receiver has passed on."""

    payloads: list[bytes] = field(default_factory=list)
    losses: list[int] = field(default_factory=list)
    restarts: int = 0
    receiver: RtpReceiver = field(init=False)

    def __post_init__(self) -> None:
        self.receiver = RtpReceiver(96, on_payload=self._payload, on_loss=self.losses.append, on_restart=self._restart)

    def take(self, *packets: bytes) -> "Heard":
        for packet in packets:
            self.receiver.packet(memoryview(packet), 0, len(packet))
        return self

    def _payload(self, view: memoryview, start: int, stop: int, timestamp: int, marker: bool) -> None:
        self.payloads.append(bytes(view[start:stop]))

    def _restart(self) -> None:
        self.restarts += 1


def packets(count: int, first: int = 1000) -> list[bytes]:
    packer = Packer(sequence=first)
    return [packer.packet(bytes((i % 256,)), i * 3000) for i in range(count)]


@pytest.mark.parametrize("first", [0, 65530, 65535])
def test_numbers_wrap_without_loss(first: int) -> None:
    heard = Heard().take(*packets(20, first))
    assert len(heard.payloads) == 20
    assert heard.receiver.lost == 0 and not heard.losses


@pytest.mark.parametrize("first", [1000, 65532])
def test_missing_packets_are_counted_and_told_before_the_next(first: int) -> None:
    sent = packets(10, first)
    heard = Heard().take(*sent[:3], *sent[5:])
    assert heard.receiver.lost == 2
    assert heard.losses == [5 * 3000]
    assert heard.receiver.report_block(0).highest_sequence == first + 9


def test_a_late_packet_and_a_duplicate_are_dropped() -> None:
    sent = packets(6)
    heard = Heard().take(*sent[:4], sent[1], sent[3], *sent[4:])
    assert heard.payloads == [bytes((i,)) for i in range(6)]
    assert heard.receiver.late == 2 and heard.receiver.lost == 0


def test_another_source_or_numbering_is_a_restart_not_loss() -> None:
    other, renumbered = Packer(ssrc=7), Packer(sequence=40000)
    heard = Heard().take(*packets(3), other.packet(b"a", 0), other.packet(b"b", 0))
    assert (heard.restarts, heard.receiver.lost, heard.receiver.ssrc) == (1, 0, 7)
    heard = Heard().take(*packets(3), renumbered.packet(b"a", 0), renumbered.packet(b"b", 0))
    assert (heard.restarts, heard.receiver.lost, len(heard.payloads)) == (1, 0, 5)


def test_sources_extensions_and_padding_are_not_payload() -> None:
    plain = Packer().packet(b"", 0)
    extended = (
        bytes((0x80 | 0x20 | 0x10 | 2,)) + plain[1:] + bytes(8) + b"\xbe\xde\0\1" + bytes(4) + b"data" + b"\0\0\3"
    )
    assert Heard().take(extended).payloads == [b"data"]


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        Packer().packet(b"x", 0)[:11],
        b"\x40" + Packer().packet(b"x", 0)[1:],
        b"\x8f" + Packer().packet(b"x", 0)[1:],
        b"\x90" + Packer().packet(b"xx", 0)[1:],
        b"\xa0" + Packer().packet(b"x\xff", 0)[1:],
        b"\xa0" + Packer().packet(b"x\x00", 0)[1:],
        Packer(payload_type=97).packet(b"x", 0),
    ],
    ids=["empty", "short", "version", "sources", "extension", "padding", "no padding", "type"],
)
def test_a_malformed_packet_is_passed_over_and_counted(packet: bytes) -> None:
    heard = Heard().take(packet)
    assert heard.payloads == [] and heard.receiver.malformed == 1


@given(st.lists(st.binary(max_size=40).map(lambda tail: b"\x90\x60" + tail), max_size=20))
def test_any_packets_are_taken_or_passed_over(noise: list[bytes]) -> None:
    heard = Heard().take(*noise)
    receiver = heard.receiver
    assert receiver.received == len(heard.payloads)
    assert receiver.received + receiver.late + receiver.malformed == len(noise)
    block = receiver.report_block(0)
    receiver_report(ssrc=1, cname="x", block=block if receiver.ssrc >= 0 else None)


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(-(2**31) + 1, 2**31 - 1), max_size=30))
def test_timestamps_unwrap_to_the_true_steps(first: int, steps: list[int]) -> None:
    unwrapper = TimestampUnwrapper()
    true = first
    assert unwrapper.unwrap(first) == first
    for step in steps:
        true += step
        assert unwrapper.unwrap(true % 2**32) == true


def test_a_receiver_report_tells_loss_since_the_last_and_the_camera_s_own_time() -> None:
    sent = packets(100, 65500)
    heard = Heard().take(*sent[:10], *sent[20:])
    heard.receiver.sender_report(0x1122334455667788, 5 * 10**9)
    report = receiver_report(ssrc=9, cname="rec", block=heard.receiver.report_block(6 * 10**9))
    head, kind, length, ours, theirs, loss, highest, jitter, last, delay = struct.unpack_from(">BBHIIIIIII", report)
    assert (head, kind, length, ours, theirs) == (0x81, 201, 7, 9, 0x1234)
    assert (loss >> 24, loss & 0xFFFFFF) == ((10 << 8) // 100, 10)
    assert highest == 65500 + 99
    assert (jitter, last, delay) == (0, 0x33445566, 65536)
    again = heard.receiver.report_block(7 * 10**9)
    assert (again.fraction_lost, again.lost) == (0, 10)
    assert len(report) % 4 == 0 and report[33] == 202 and b"rec" in report


def test_a_key_frame_is_asked_for_as_rfc_4585_says() -> None:
    assert picture_loss_indication(ssrc=1, media_ssrc=2) == bytes.fromhex("81ce0002 00000001 00000002".replace(" ", ""))


def test_sender_reports_and_farewells_are_read_from_a_compound() -> None:
    report = struct.pack(">BBHIIIIII", 0x80, 200, 6, 5, 10, 20, 30, 0, 0)
    unknown = struct.pack(">BBHI", 0x80, 204, 1, 5)
    bye = struct.pack(">BBHI", 0x81, 203, 1, 5)
    found = list(parse_rtcp(memoryview(report + unknown + bye)))
    assert found == [SenderReport(ssrc=5, ntp=10 << 32 | 20, timestamp=30), Bye(5)]


@given(st.binary(max_size=80), st.sampled_from([b"", b"\x80\xc8\x00\x06", b"\x81\xcb\x00\x01", b"\x80\xc8\xff\xff"]))
def test_any_rtcp_is_read_or_passed_over(noise: bytes, head: bytes) -> None:
    for packet in parse_rtcp(memoryview(head + noise)):
        assert 0 <= packet.ssrc < 2**32
