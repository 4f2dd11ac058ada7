"""Sound from RTP payloads and session descriptions."""

import struct

import pytest

from recorder.ingest.rtsp.depacketize_sound import SoundDepacketizer, sound_depacketizer
from recorder.ingest.rtsp.sdp_sound import SoundMedia, parse_sound
from recorder.ingest.rtsp.session_sound import NoSound, SessionSound, SoundStart

URL = "rtsp://192.0.2.1/stream"
HEAD = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
AAC = (
    "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 mpeg4-generic/16000/1\r\na=fmtp:97 streamtype=5;profile-level-id=1;"
    "mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=1408\r\na=control:track2\r\n"
)


def media_of(lines: str) -> SoundMedia | str | None:
    return parse_sound((HEAD + lines).encode(), request_url=URL, content_base=None)


def aac_media() -> SoundMedia:
    found = media_of(AAC)
    assert isinstance(found, SoundMedia)
    return found


def pushed(under_test: SoundDepacketizer, payload: bytes, timestamp: int) -> list[tuple[bytes, int]]:
    under_test.push(memoryview(payload), 0, len(payload), timestamp, True)
    found = [(packet.data, packet.timestamp) for packet in under_test.packets]
    under_test.packets.clear()
    return found


def packet(*frames: bytes, sizes: list[int] | None = None, index: int = 0) -> bytes:
    """AAC-hbr."""
    headers = [(size << 3 | index).to_bytes(2, "big") for size in sizes or map(len, frames)]
    return struct.pack(">H", 16 * len(headers)) + b"".join(headers) + b"".join(frames)


def test_aac_is_found_with_what_a_decoder_must_know() -> None:
    media = aac_media()
    assert (media.codec, media.payload_type, media.clock, media.control_url) == ("aac", 97, 16_000, f"{URL}/track2")
    assert (media.format.config, media.format.rate, media.format.channels) == (b"\x14\x08", 16_000, 1)
    assert (media.format.codecs, media.frame_ticks) == ("mp4a.40.2", 1024)


@pytest.mark.parametrize(
    ("lines", "codec"),
    [
        ("m=audio 0 RTP/AVP 0\r\na=control:track2\r\n", "pcmu"),
        ("m=audio 0 RTP/AVP 8\r\n", "pcma"),
        ("m=audio 0 RTP/AVP 98\r\na=rtpmap:98 PCMU/8000/1\r\n", "pcmu"),
        ("m=audio 0 RTP/AVP 97 8\r\na=rtpmap:97 L16/44100/2\r\n", "pcma"),
    ],
)
def test_g711_is_found_with_or_without_a_map(lines: str, codec: str) -> None:
    media = media_of(lines)
    assert isinstance(media, SoundMedia) and media.codec == codec and media.clock == 8000
    assert media.format.rate == 16_000 and media.frame_ticks == 512


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("m=audio 0 RTP/AVP 97\r\na=rtpmap:97 G726-32/8000\r\n", "G726-32"),
        (AAC.replace("mode=AAC-hbr", "mode=CELP-cbr"), "mpeg4-generic"),
        (AAC.replace("config=1408", "config=zz"), "mpeg4-generic"),
        (AAC.replace("sizelength=13", "sizelength=9999999999999"), "mpeg4-generic"),
        (AAC.replace("config=1408", "config=0908"), "mpeg4-generic"),
        ("m=audio 0 RTP/AVP 3\r\n", "RTP payload type 3"),
    ],
)
def test_sound_that_cannot_be_recorded_is_named(lines: str, words: str) -> None:
    assert media_of(lines) == words
    session = SessionSound(wanted=True, ssrc=1, cname="c")
    [event] = session.describe((HEAD + lines).encode(), request_url=URL, content_base=None)
    assert isinstance(event, NoSound) and words in event.reason and session.setup_url is None


def test_no_sound_is_nothing_to_speak_of() -> None:
    assert media_of("") is None
    assert (
        SessionSound(wanted=True, ssrc=1, cname="c").describe(HEAD.encode(), request_url=URL, content_base=None) == []
    )
    unwanted = SessionSound(wanted=False, ssrc=1, cname="c")
    assert unwanted.describe((HEAD + AAC).encode(), request_url=URL, content_base=None) == []
    assert unwanted.setup_url is None


def test_frames_of_one_packet_follow_each_other() -> None:
    found = pushed(sound_depacketizer(aac_media()), packet(b"one", b"three", b"5"), 2**32 - 1024)
    assert found == [(b"one", 2**32 - 1024), (b"three", 2**32), (b"5", 2**32 + 1024)]


def test_a_frame_spread_over_packets_is_joined_and_one_with_a_hole_is_left_out() -> None:
    under_test = sound_depacketizer(aac_media())
    assert pushed(under_test, packet(b"be", sizes=[6]), 100) == []
    assert pushed(under_test, packet(b"gin!", sizes=[6]), 100) == [(b"begin!", 100)]
    assert pushed(under_test, packet(b"be", sizes=[6]), 1124) == []
    under_test.lost(1124)
    assert pushed(under_test, packet(b"in!!", sizes=[6]), 1124) == []
    assert pushed(under_test, packet(b"next"), 2148) == [(b"next", 2148)]


@pytest.mark.parametrize(
    "payload",
    [b"", b"\x00", b"\x00\x10", packet(b"x", index=1), packet(b"ab", b"cd", sizes=[2, 9]), struct.pack(">HH", 16, 8)],
)
def test_what_is_malformed_or_interleaved_gives_no_frame_beyond_what_is_whole(payload: bytes) -> None:
    under_test = sound_depacketizer(aac_media())
    found = pushed(under_test, payload, 0)
    assert found in ([], [(b"ab", 0)])
    assert pushed(under_test, packet(b"good"), 5000)[-1] == (b"good", 5000)


def test_samples_of_g711_are_passed_on_and_another_source_is_marked() -> None:
    media = media_of("m=audio 0 RTP/AVP 0\r\n")
    assert isinstance(media, SoundMedia)
    under_test = sound_depacketizer(media)
    for timestamp in (10, 170):
        under_test.push(memoryview(b"\xff" * 160), 0, 160, timestamp, False)
    under_test.restart()
    under_test.push(memoryview(b"\xff" * 160), 0, 160, 5, False)
    assert [(one.timestamp, one.restarted) for one in under_test.packets] == [(10, True), (170, False), (5, True)]


@pytest.mark.parametrize(
    ("rtp_info", "found"),
    [
        (f"url={URL}/track1;seq=1;rtptime=100,url={URL}/track2;seq=2;rtptime=4294967295", (100, 4294967295)),
        (f"url={URL}/track2;rtptime=7, url={URL}/track1;rtptime=8;seq=1", (8, 7)),
        (f"url={URL}/track1;rtptime=100", None),
        (f"url={URL}/track1;rtptime=100,url={URL}/track2;rtptime=9999999999", None),
        (f"url={URL}/track1;seq=1,url={URL}/track2;seq=2", None),
        ("nonsense,,;=", None),
        (None, None),
    ],
)
def test_the_answer_to_play_may_say_which_times_belong_together(
    rtp_info: str | None, found: tuple[int, int] | None
) -> None:
    session = SessionSound(wanted=True, ssrc=1, cname="c")
    session.describe((HEAD + AAC).encode(), request_url=URL, content_base=None)
    session.set_up("RTP/AVP/TCP;unicast;interleaved=2-3", (0, 1))
    started = session.played(rtp_info, f"{URL}/track1")
    assert started == ([] if found is None else [SoundStart(pictures=found[0], sound=found[1])])
