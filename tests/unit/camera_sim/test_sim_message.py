"""The simulator's RTSP parser: any bytes, cut anywhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_sim.errors import MessageError
from camera_sim.rtsp.message import BODY_BYTES_MAX, HEAD_BYTES_MAX, HEADERS_MAX, Frame, Parser, Request, response

OPTIONS = b"OPTIONS rtsp://h/cam1/main RTSP/1.0\r\nCSeq: 1\r\n\r\n"
WITH_BODY = b"SET_PARAMETER rtsp://h/cam1/main RTSP/1.0\r\ncseq:2\r\nContent-length:  5\r\n\r\nhello"
FRAME = b"$\x01\x00\x04abcd"


def everything(parser: Parser) -> list[Request | Frame]:
    found = []
    while (message := parser.next_message()) is not None:
        found.append(message)
    return found


@given(st.lists(st.sampled_from([OPTIONS, WITH_BODY, FRAME, b"\r\n"]), max_size=8), st.data())
def test_text_and_frames_mixed_parse_alike_wherever_they_are_cut(parts: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    whole, cut = Parser(), Parser()
    whole.feed(stream)
    found = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        cut.feed(stream[start:end])
        found += everything(cut)
    assert found == everything(whole)
    assert len(found) == sum(part != b"\r\n" for part in parts)


@given(st.binary(max_size=400) | st.from_regex(rb"[A-Z$]{1,8} [ -~]{0,30} RTSP/1\.[0-9]\r\n([ -~]{0,30}\r\n){0,5}\r\n"))
def test_any_bytes_give_messages_or_the_declared_error(data: bytes) -> None:
    parser = Parser()
    parser.feed(data)
    try:
        everything(parser)
    except MessageError as error:
        assert error.status in (400, 413, 414, 505)


def test_header_names_have_no_case_and_folded_lines_are_joined() -> None:
    parser = Parser()
    parser.feed(b"DESCRIBE rtsp://h/a RTSP/1.0\nCSEQ: 7\nAccept: text/plain,\n  application/sdp\nX: a\nx: b\n\n")
    request = parser.next_message()
    assert isinstance(request, Request)
    assert request.sequence == "7"
    assert request.headers["accept"] == "text/plain, application/sdp"
    assert request.headers["x"] == "a, b"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"OPTIONS  * RTSP/1.0\r\nCSeq: 1\r\n\r\n", 400),
        (b"OPTIONS * RTSP/1.0\r\nno colon\r\n\r\n", 400),
        (b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"OPTIONS * RTSP/1.0\r\nX: \xff\xfe\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", 505),
        (b"OPTIONS * RTSP/2.0\r\nCSeq: 1\r\n\r\n", 505),
        (b"OPTIONS rtsp://h/" + b"a" * 2000 + b" RTSP/1.0\r\nCSeq: 1\r\n\r\n", 414),
        (b"OPTIONS * RTSP/1.0\r\n" + b"a: b\r\n" * (HEADERS_MAX + 1) + b"\r\n", 413),
        (b"A" * (HEAD_BYTES_MAX + 1), 413),
        (b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: %d\r\n\r\n" % (BODY_BYTES_MAX + 1), 413),
    ],
)
def test_what_does_not_parse_names_its_status(data: bytes, status: int) -> None:
    parser = Parser()
    parser.feed(data)
    with pytest.raises(MessageError) as caught:
        everything(parser)
    assert caught.value.status == status


@pytest.mark.parametrize("value", ["", "x", "-1", "1.5", "12345678901"])
def test_a_cseq_that_is_no_number_is_missing(value: str) -> None:
    assert Request(method="OPTIONS", uri="*", headers={"cseq": value}).sequence is None


def test_a_response_carries_the_cseq_and_the_length_of_its_body() -> None:
    data = response(200, "9", {"Content-Type": "application/sdp"}, b"v=0\r\n", server="s")
    assert data.startswith(b"RTSP/1.0 200 OK\r\nCSeq: 9\r\n")
    assert data.endswith(b"Content-Length: 5\r\n\r\nv=0\r\n")
