"""The simulator's answers, one by one."""

import re

import pytest

from camera_sim.rtsp.auth import Account
from camera_sim.rtsp.message import Request
from camera_sim.rtsp.responder import Offer, Reply, Responder, TransportName

URL = "rtsp://127.0.0.1:8554/cam1/main"


class _Source:
    def __init__(self, account: Account | None = None, transports: tuple[TransportName, ...] = ("tcp", "udp")) -> None:
        self.account, self.transports = account, transports
        self.tracks = 1

    def sdp(self, host: str) -> bytes:
        return f"v=0 {host}".encode()


class _Delivery:
    ssrc = 0x1234ABCD

    def __init__(self, offer: Offer) -> None:
        kind = "RTP/AVP/TCP;unicast;interleaved=" if offer.transport == "tcp" else "RTP/AVP;unicast;client_port="
        self.transport = f"{kind}{offer.pair[0]}-{offer.pair[1]}"

    def promise(self) -> tuple[int, int]:
        return 17, 424242


class Client:
    """Talks to one responder; counts CSeq."""

    def __init__(self, source: _Source | None = None) -> None:
        self.opened: list[tuple[str, Offer]] = []
        sources = {"/cam1/main": source or _Source(), "/cam1/sub": _Source()}
        self._responder = Responder(sources, host="127.0.0.1", session_id="5e551011", open_delivery=self._open)

    def _open(self, path: str, _track: int, offer: Offer) -> _Delivery:
        self.opened.append((path, offer))
        return _Delivery(offer)

    def ask(self, method: str, uri: str = URL, body: bytes = b"", **headers: str) -> Reply:
        named = {"cseq": "3"} | {name.replace("_", "-"): value for name, value in headers.items()}
        return self._responder.answer(Request(method=method, uri=uri, headers=named, body=body))

    def set_up(self, transport: str = "RTP/AVP/TCP;unicast;interleaved=0-1", uri: str = f"{URL}/trackID=0") -> Reply:
        return self.ask("SETUP", uri, transport=transport)


def status(reply: Reply) -> int:
    return int(reply.data.split(b" ")[1])


def header(reply: Reply, name: str) -> str | None:
    found = re.search(rf"^{name}: (.*?)\r$", reply.data.decode(), re.MULTILINE)
    return found[1] if found else None


def test_options_tells_the_methods_and_needs_no_path() -> None:
    reply = Client().ask("OPTIONS", "*")
    assert status(reply) == 200
    assert "GET_PARAMETER" in (header(reply, "Public") or "")


def test_describe_gives_the_base_of_relative_addresses() -> None:
    reply = Client().ask("DESCRIBE", URL + "?quality=1", accept="application/sdp")
    assert header(reply, "Content-Base") == URL + "/"
    assert reply.data.endswith(b"\r\n\r\nv=0 127.0.0.1")


def test_a_session_goes_through_setup_play_pause_play_teardown() -> None:
    client = Client()
    reply = client.set_up()
    assert header(reply, "Session") == "5e551011;timeout=60"
    assert header(reply, "Transport") == 'RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=1234ABCD;mode="PLAY"'
    reply = client.ask("PLAY", session="5e551011", range="npt=0.000-")
    assert (status(reply), reply.action) == (200, "play")
    assert header(reply, "RTP-Info") == f"url={URL}/trackID=0;seq=17;rtptime=424242"
    assert client.ask("PAUSE", session="5e551011;timeout=60").action == "pause"
    assert client.ask("PLAY", session="5e551011").action == "play"
    reply = client.ask("TEARDOWN", session="5e551011")
    assert (status(reply), reply.action) == (200, "teardown")
    assert status(client.ask("PLAY", session="5e551011")) == 454


@pytest.mark.parametrize(
    ("transport", "kind", "first"),
    [
        ("RTP/AVP/TCP;unicast;interleaved=4-5", "tcp", 4),
        ("RTP/AVP;unicast;client_port=5000-5001,RTP/AVP/TCP;unicast;interleaved=2-3", "udp", 5000),
        ("RTP/AVP;multicast;port=5000-5001,RTP/AVP/UDP;unicast;client_port=6000", "udp", 6000),
        ("rtp/avp/tcp", "tcp", 0),
        ("RTP/AVP/TCP;interleaved=6", "tcp", 6),
        ('RTP/AVP/TCP;unicast;interleaved=0-1;mode="PLAY"', "tcp", 0),
    ],
)
def test_setup_takes_the_first_transport_it_can_serve(transport: str, kind: TransportName, first: int) -> None:
    client = Client()
    assert status(client.set_up(transport)) == 200
    assert client.opened == [("/cam1/main", Offer(transport=kind, pair=(first, first + 1)))]


def test_a_camera_that_speaks_one_transport_only_refuses_the_other() -> None:
    udp, tcp = "RTP/AVP;unicast;client_port=5000-5001", "RTP/AVP/TCP;interleaved=0-1"
    assert [status(Client(_Source(transports=("udp",))).set_up(offer)) for offer in (udp, tcp)] == [200, 461]
    assert [status(Client(_Source(transports=("tcp",))).set_up(offer)) for offer in (udp, tcp)] == [461, 200]


@pytest.mark.parametrize(
    "transport",
    [
        "",
        "RTP/AVP;unicast",
        "RTP/AVP;unicast;client_port=0-1",
        "RTP/AVP;unicast;client_port=65535-65536",
        "RTP/AVP/TCP;multicast",
        "RTP/AVP/TCP;interleaved=0-7",
        "RTP/AVP/TCP;interleaved=255-256",
        "RTP/AVP/TCP;interleaved=x",
        "RTP/AVP/TCP;unicast;mode=RECORD",
    ],
)
def test_a_transport_that_cannot_be_served_is_461(transport: str) -> None:
    assert status(Client().set_up(transport)) == 461


@pytest.mark.parametrize(
    ("expected", "method", "uri", "headers"),
    [
        (400, "OPTIONS", "*", {"cseq": "none"}),
        (404, "DESCRIBE", "rtsp://h/cam9/main", {}),
        (404, "DESCRIBE", "rtsp://[::1/x", {}),
        (404, "GET_PARAMETER", "rtsp://h/", {}),
        (405, "ANNOUNCE", URL, {}),
        (406, "DESCRIBE", URL, {"accept": "text/html"}),
        (454, "PLAY", URL, {"session": "else"}),
        (454, "GET_PARAMETER", URL, {"session": "else"}),
        (455, "PLAY", URL, {}),
        (455, "TEARDOWN", URL, {}),
        (501, "FETCH", URL, {}),
        (551, "OPTIONS", "*", {"require": "implicit-play"}),
    ],
)
def test_what_cannot_be_done_has_its_own_status(expected: int, method: str, uri: str, headers: dict[str, str]) -> None:
    assert status(Client().ask(method, uri, **headers)) == expected


def test_551_names_the_unsupported_option() -> None:
    assert header(Client().ask("OPTIONS", "*", require="implicit-play"), "Unsupported") == "implicit-play"


def test_in_a_session_the_session_must_be_named_and_stay_with_its_stream() -> None:
    client = Client()
    client.set_up()
    assert status(client.ask("PLAY")) == 454
    assert status(client.ask("PLAY", "rtsp://h/cam1/sub", session="5e551011")) == 459
    assert status(client.set_up(uri="rtsp://h/cam1/sub/trackID=0")) == 459
    assert status(client.ask("PLAY", session="5e551011", range="smpte=10:07:00-")) == 457
    assert status(client.ask("PLAY", session="5e551011")) == 200
    assert status(client.set_up()) == 455


def test_parameters_keep_alive_when_empty_and_are_451_otherwise() -> None:
    client = Client()
    client.set_up()
    assert header(client.ask("GET_PARAMETER", session="5e551011"), "Session") == "5e551011;timeout=60"
    assert status(client.ask("SET_PARAMETER", body=b"volume: 3\r\n", session="5e551011")) == 451
