"""Which way is tried next."""

import pytest

from recorder.ingest.approach import Approach, Way
from recorder.ingest.errors import (
    IngestError,
    ProtocolError,
    RefusedError,
    StalledError,
    UnauthorizedError,
    UnsupportedError,
    UnsupportedTransportError,
)

TCP, UDP, LIBAV = Way("native", "tcp"), Way("native", "udp"), Way("libav", "tcp")
TRANSPORT = UnsupportedTransportError("not that way")


def test_tcp_comes_first_then_udp_and_libav_last() -> None:
    approach = Approach(rtsp=True, source="auto", transport="auto")
    assert approach.way == TCP
    assert approach.failed(TRANSPORT) and approach.way == UDP
    assert approach.failed(ProtocolError("odd")) and approach.way == LIBAV
    last = StalledError("nothing")
    assert not approach.failed(last) and approach.way == TCP
    assert str(approach.reason(last)) == "odd", "our own RTSP knows better what is wrong"


@pytest.mark.parametrize("error", [RefusedError("no"), StalledError("nothing"), UnauthorizedError("who?")])
def test_what_another_way_would_not_mend_is_not_tried_otherwise(error: IngestError) -> None:
    approach = Approach(rtsp=True, source="auto", transport="auto")
    assert not approach.failed(error) and approach.way == TCP and approach.reason(error) is error


@pytest.mark.parametrize("error", [TRANSPORT, UnsupportedError("JPEG"), ProtocolError("odd")])
def test_what_has_worked_stays(error: IngestError) -> None:
    approach = Approach(rtsp=True, source="auto", transport="auto")
    approach.failed(TRANSPORT)
    approach.succeeded()
    assert not approach.failed(error) and approach.way == UDP and approach.reason(error) is error


def test_a_fixed_transport_is_not_changed_not_even_by_libav() -> None:
    approach = Approach(rtsp=True, source="auto", transport="tcp")
    assert not approach.failed(TRANSPORT) and approach.way == TCP


@pytest.mark.parametrize(
    ("rtsp", "source", "way"), [(False, "auto", LIBAV), (True, "libav", LIBAV), (True, "native", TCP)]
)
def test_a_fixed_source_is_all_there_is(rtsp: bool, source: str, way: Way) -> None:
    approach = Approach(rtsp=rtsp, source=source, transport="tcp")  # type: ignore[arg-type]
    assert approach.way == way and not approach.failed(UnsupportedError("JPEG")) and approach.way == way
