"""What the recorder reads and writes of ONVIF: hostile documents, faults, requests, addresses."""

from datetime import UTC, datetime

import pytest
from lxml import etree
from pydantic import ValidationError

from recorder.ingest.errors import OnvifFaultError, ProtocolError, UnauthorizedError
from recorder.ingest.onvif import discovery, document, replies, soap
from recorder.ingest.onvif.settings import OnvifSettings
from recorder.ingest.rtsp.auth import Credentials


def envelope(body: str) -> bytes:
    return (
        f'<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body>{body}</e:Body></e:Envelope>'.encode()
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no well-formed XML"),
        (b"\x89PNG", "no well-formed XML"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "document type"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "document type"),
        (b"<a>&b;</a>", "no well-formed XML"),
        (b"<a>" * 60 + b"</a>" * 60, "too deep"),
        (b"<a>" + b"<b/>" * 20_001 + b"</a>", "too many elements"),
        (b"<a>" + b" " * document.DOCUMENT_BYTES_MAX + b"</a>", "more than 1 MiB"),
        ("<a/>".encode("utf-16"), "no well-formed XML"),
        (b"<html/>", "no SOAP message"),
        (envelope(""), "no SOAP message"),
    ],
)
def test_documents_that_are_not_to_be_trusted_are_one_error(data: bytes, reason: str) -> None:
    with pytest.raises(ProtocolError, match=reason):
        soap.answer(data)


def test_a_fault_is_told_with_its_reason_and_its_subcodes() -> None:
    fault = (
        "<e:Fault><e:Code><e:Value>e:Sender</e:Value><e:Subcode><e:Value>t:InvalidArgVal</e:Value><e:Subcode>"
        "<e:Value>t:NoProfile</e:Value></e:Subcode></e:Subcode></e:Code><e:Reason><e:Text>{}</e:Text></e:Reason></e:Fault>"
    )
    with pytest.raises(OnvifFaultError, match="The camera refuses: no such profile") as refused:
        soap.answer(envelope(fault.format("no such profile")))
    assert refused.value.subcodes == ("InvalidArgVal", "NoProfile")
    with pytest.raises(OnvifFaultError) as long:
        soap.answer(envelope(fault.format("x" * 5000)))
    assert len(str(long.value)) < 200
    with pytest.raises(UnauthorizedError):
        soap.answer(envelope(fault.format("x").replace("NoProfile", "NotAuthorized")))


def test_a_request_carries_a_digest_and_never_the_password() -> None:
    token = soap.Token(
        credentials=Credentials(user="a<b", password="s&cret"),
        nonce=b"n" * 16,
        created=datetime(2026, 1, 2, tzinfo=UTC),
    )
    data = soap.envelope(
        soap.operation("urn:x", "Do", soap.given("What", "<&>")), token=token, action="urn:a", to="http://x/?a&b"
    )
    root = etree.fromstring(data)
    assert b"cret" not in data
    names = {etree.QName(one).localname: one.text for one in root.iter()}
    assert (names["Username"], names["What"], names["To"]) == ("a<b", "<&>", "http://x/?a&b")
    assert names["Created"] == "2026-01-02T00:00:00.000Z"


@pytest.mark.parametrize("year", ["0", "x", "99999", "2026"])
def test_a_time_that_there_is_not_is_none(year: str) -> None:
    body = etree.fromstring(
        f"<r><SystemDateAndTime><UTCDateTime><Date><Year>{year}</Year><Month>1</Month><Day>2</Day></Date>"
        "<Time><Hour>3</Hour><Minute>4</Minute><Second>5</Second></Time></UTCDateTime></SystemDateAndTime></r>"
    )
    assert replies.system_time(body) == (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC) if year == "2026" else None)


@pytest.mark.parametrize("uri", ["file:///etc/passwd", "http://192.0.2.1/x", "rtsp://", "rtsp://[", ""])
def test_only_rtsp_addresses_are_streams(uri: str) -> None:
    assert replies.stream_uri(etree.fromstring(f"<r><Uri>{uri}</Uri></r>")) == ""


def test_an_answer_to_another_question_is_nobodys() -> None:
    question = etree.fromstring(discovery.probe("urn:uuid:7"))
    assert b"urn:uuid:7" in etree.tostring(question)
    assert discovery.matches(discovery.probe("urn:uuid:7"), ("urn:uuid:7",)) == ()


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("192.0.2.10", "http://192.0.2.10/onvif/device_service"),
        ("192.0.2.10:8080/", "http://192.0.2.10:8080/onvif/device_service"),
        ("http://cam.example/onvif/device_service", "http://cam.example/onvif/device_service"),
        ("https://cam.example/x", "https://cam.example/x"),
    ],
)
def test_an_address_may_be_short(given: str, address: str) -> None:
    assert OnvifSettings(address=given).address == address


@pytest.mark.parametrize(
    "given", ["", "ftp://192.0.2.1", "http://", "http://u:p@192.0.2.1", "192.0.2.1:x", "http://[1"]
)
def test_what_is_no_address_is_refused_without_echoing_a_password(given: str) -> None:
    with pytest.raises(ValidationError) as refused:
        OnvifSettings(address=given)
    assert "u:p@" not in str(refused.value.errors()[0]["ctx"]["error"])
