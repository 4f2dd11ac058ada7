"""RTSP grammar."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from recorder.ingest.errors import MessageError
from recorder.ingest.rtsp.message import (
    BODY_BYTES_MAX,
    HEAD_BYTES_MAX,
    HEADERS_MAX,
    Request,
    Response,
    parse_message,
    request_bytes,
    response_bytes,
)

ANSWER = b"RTSP/1.0 200 OK\r\nCSeq: 3\r\ncontent-LENGTH: 4\r\nX: a\r\n b\r\n\r\nbodyREST"


def test_a_response_is_read_with_its_body_and_its_end() -> None:
    message, end = parse_message(memoryview(ANSWER), 0) or pytest.fail("complete")
    assert isinstance(message, Response)
    assert (message.status, message.reason, message.body) == (200, "OK", b"body")
    assert ANSWER[end:] == b"REST"


def test_header_names_do_not_depend_on_case_and_continued_lines_are_joined() -> None:
    message, _ = parse_message(memoryview(ANSWER), 0) or pytest.fail("complete")
    assert message.headers.get("content-length") == "4"
    assert message.headers.get("x") == "a b"


@given(st.integers(0, len(ANSWER) - 5))
def test_an_incomplete_message_waits_for_more(length: int) -> None:
    assert parse_message(memoryview(ANSWER[:length]), 0) is None


def test_a_request_of_the_camera_is_read() -> None:
    message, _ = parse_message(memoryview(b"OPTIONS rtsp://x/ RTSP/1.0\nCSeq: 9\n\n"), 0) or pytest.fail("complete")
    assert isinstance(message, Request)
    assert (message.method, message.url, message.headers.get("cseq")) == ("OPTIONS", "rtsp://x/", "9")


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"RTSP/1.0 2000 OK\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nno colon\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % (BODY_BYTES_MAX + 1),
        b"RTSP/1.0 200 OK\r\n" + b"A: b\r\n" * (HEADERS_MAX + 1) + b"\r\n",
        b"R" * HEAD_BYTES_MAX,
    ],
    ids=["not RTSP", "status", "no name", "negative length", "long body", "many headers", "long head"],
)
def test_what_breaks_the_grammar_or_a_bound_is_a_message_error(data: bytes) -> None:
    with pytest.raises(MessageError):
        parse_message(memoryview(data), 0)


@given(st.binary(max_size=300))
@example(b"RTSP/1.0 200 OK\r\nContent-Length: \xc2\xb2\r\n\r\n")
def test_anything_else_is_a_message_a_wait_or_a_message_error(data: bytes) -> None:
    try:
        parsed = parse_message(memoryview(data), 0)
    except MessageError:
        return
    assert parsed is None or 0 < parsed[1] <= len(data)


@given(st.dictionaries(st.sampled_from(["CSeq", "Session", "X-Y"]), st.text("abc é;=", max_size=20)))
def test_what_we_write_can_be_read(headers: dict[str, str]) -> None:
    for data in (request_bytes("PLAY", "rtsp://h/é", headers), response_bytes(501, "No", headers)):
        message, end = parse_message(memoryview(data), 0) or pytest.fail("complete")
        assert end == len(data)
        assert dict(message.headers.fields) == {name.lower(): value.strip() for name, value in headers.items()}


def test_a_line_break_never_leaves_in_a_header() -> None:
    with pytest.raises(MessageError):
        request_bytes("PLAY", "rtsp://h/\r\nX: y", {})
