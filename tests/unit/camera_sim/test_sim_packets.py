"""Packets of pictures, RTCP, and the session description."""

import base64
import struct

from hypothesis import given
from hypothesis import strategies as st

from camera_sim.rtsp import rtcp
from camera_sim.rtsp.message import Frame, Parser
from camera_sim.rtsp.packetizer import PAYLOAD_BYTES_MAX, Packets, address, join, packetize
from camera_sim.rtsp.sdp import describe

nal = st.builds(
    lambda head, size, seed: bytes([head]) + bytes((seed + i * 7) % 256 for i in range(size)),
    st.sampled_from((0x67, 0x68, 0x65, 0x41, 0x06)),
    st.integers(1, 6000) | st.sampled_from((1398, 1399, 1400, 2796, 2797)),
    st.integers(0, 255),
)


def frames(packets: Packets, **receiver: int) -> list[Frame]:
    parser = Parser()
    parser.feed(bytes(address(packets, **({"channel": 0, "sequence": 0, "rtp_time": 0, "ssrc": 0} | receiver))))
    found = []
    while (frame := parser.next_message()) is not None:
        assert isinstance(frame, Frame)
        found.append(frame)
    return found


def reassemble(packets: list[Frame]) -> list[bytes]:
    """RFC 6184, single NAL unit packets and FU-A, written anew from the standard: a fragmented unit begins and ends
    once."""
    nals: list[bytes] = []
    within = False
    for frame in packets:
        payload = frame.payload[12:]
        fragment, begins, ends = payload[0] & 31 == 28, payload[1] & 0x80, payload[1] & 0x40
        assert within == bool(fragment and not begins)
        if not fragment:
            nals.append(payload)
        elif begins:
            nals.append(bytes([payload[0] & 0xE0 | payload[1] & 31]) + payload[2:])
        else:
            nals[-1] += payload[2:]
        within = bool(fragment and not ends)
    assert not within
    return nals


@given(st.lists(nal, min_size=1, max_size=5))
def test_packets_put_together_again_are_the_same_nal_units(nals: list[bytes]) -> None:
    packets = frames(packetize(nals, last=True))
    assert reassemble(packets) == nals
    assert all(len(packet.payload) - 12 <= PAYLOAD_BYTES_MAX for packet in packets)
    assert [bool(packet.payload[1] & 0x80) for packet in packets] == [False] * (len(packets) - 1) + [True]


@given(st.lists(nal, min_size=1, max_size=3), st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF))
def test_each_receiver_gets_its_own_numbers(nals: list[bytes], sequence: int, rtp_time: int) -> None:
    whole = join((packetize(nals[:1], last=False), packetize(nals, last=True)))
    packets = frames(whole, channel=6, sequence=sequence, rtp_time=rtp_time, ssrc=0xCAFEBABE)
    for number, packet in enumerate(packets):
        version, _, seq, time, ssrc = struct.unpack_from(">BBHII", packet.payload)
        assert (version, seq, time, ssrc) == (0x80, (sequence + number) & 0xFFFF, rtp_time, 0xCAFEBABE)
        assert packet.channel == 6
    assert sum(bool(packet.payload[1] & 0x80) for packet in packets) == 1
    assert whole.payload_bytes == sum(len(packet.payload) - 12 for packet in packets)


def test_a_sender_report_says_wall_time_media_time_and_counts() -> None:
    report = rtcp.sender_report(7, utc_ns=1_500_000_000, rtp_time=2**32 + 5, packets=3, payload_bytes=99, cname="c")
    fields = struct.unpack_from(">BBHIIIIII", report)
    assert fields == (0x80, 200, 6, 7, 2_208_988_801, 1 << 31, 5, 3, 99)
    assert report[28:30] == b"\x81\xca"
    assert len(report) % 4 == 0
    assert rtcp.parse(report).report


def test_pli_and_fir_name_the_stream_that_needs_a_key_frame() -> None:
    receiver_report = struct.pack(">BBHI", 0x80, 201, 1, 1)
    pli = struct.pack(">BBHII", 0x81, 206, 2, 1, 0xAAAA)
    fir = struct.pack(">BBHIIIB3x", 0x84, 206, 4, 1, 0, 0xBBBB, 1)
    assert rtcp.parse(receiver_report + pli).key_wanted == {0xAAAA}
    assert rtcp.parse(fir).key_wanted == {0xBBBB}
    assert rtcp.parse(rtcp.bye(4)).bye


@given(st.binary(max_size=200))
def test_any_rtcp_is_read_without_complaint(data: bytes) -> None:
    rtcp.parse(data)


def test_the_description_has_what_a_decoder_needs() -> None:
    sps, pps = bytes.fromhex("6764001facb405"), bytes.fromhex("68eebcb0")
    text = describe(title="t", session=1, host="127.0.0.1", parameter_sets=(sps, pps), fps=15, bitrate=500_000).decode()
    sprop = ",".join(base64.b64encode(nal).decode() for nal in (sps, pps))
    assert f"packetization-mode=1;profile-level-id=64001F;sprop-parameter-sets={sprop}\r\n" in text
    assert "a=control:*\r\n" in text
    assert text.index("m=video 0 RTP/AVP 96\r\n") < text.index("a=control:trackID=0\r\n")
