"""Media messages of the local site."""

import base64
import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdmi_out.errors import MediaError
from hdmi_out.media import End, Loss, StreamFormat, Unit, follows, parse_text, parse_unit


def test_access_unit_is_read_after_its_header() -> None:
    assert parse_unit(struct.pack(">BBHIQ", 3, 1, 1, 7, 123) + b"nal") == Unit(data=b"nal", key=True, sequence=7)
    assert not parse_unit(struct.pack(">BBHIQ", 3, 0, 1, 8, 123) + b"nal").key


@pytest.mark.parametrize(
    "message", [b"", b"short", struct.pack(">BBHIQ", 3, 1, 1, 7, 1), struct.pack(">BBHIQ", 2, 1, 1, 7, 1) + b"x"]
)
def test_what_is_no_access_unit_is_refused(message: bytes) -> None:
    with pytest.raises(MediaError):
        parse_unit(message)


def test_texts_of_the_protocol_are_understood() -> None:
    hello = {"codec": "h264", "width": 640, "height": 360, "decoder_configuration": base64.b64encode(b"avcC").decode()}
    assert parse_text(json.dumps({"hello": hello})) == StreamFormat(
        codec="h264", width=640, height=360, decoder_configuration=b"avcC"
    )
    assert parse_text('{"dropped": {"frames": 12}}') == Loss()
    assert parse_text('{"status": {"phase": "stalled", "message": ""}}') is None
    assert parse_text('{"end": {"problem": {"title": "終わり", "code": "EXPIRED"}}}') == End(reason="終わり")


@given(st.text())
def test_any_other_text_is_refused_or_means_nothing(text: str) -> None:
    try:
        parse_text(text)
    except MediaError:
        pass


def test_a_hello_with_a_broken_configuration_is_refused() -> None:
    with pytest.raises(MediaError):
        parse_text('{"hello": {"codec": "h264", "width": 1, "height": 1, "decoder_configuration": "%%"}}')


def test_sequence_shows_loss() -> None:
    assert follows(0, None)
    assert not follows(1, None)
    assert follows(5, 4)
    assert not follows(6, 4)
    assert follows(0, 2**32 - 1)
