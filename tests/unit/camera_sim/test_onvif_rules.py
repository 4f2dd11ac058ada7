"""The rules of the simulated cameras' ONVIF: logins, times, topics, questions of discovery."""

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from pydantic import ValidationError

from camera_sim.camera_config import CameraConfig
from camera_sim.config import FleetConfig, OnvifConfig
from camera_sim.errors import SoapFaultError
from camera_sim.onvif import discovery, login
from camera_sim.onvif.discovery import Probe, Resolve
from camera_sim.onvif.duration import instant_of, seconds_of, span_of, told
from camera_sim.onvif.login import CREATED_SECONDS_MAX, Login, password_digest
from camera_sim.onvif.personality import PERSONALITIES
from camera_sim.onvif.soap import parse_call
from camera_sim.onvif.subscriptions import DEFAULT_SECONDS, Notification, Subscriptions
from camera_sim.onvif.topic_filter import TopicFilter, filter_of
from camera_sim.rtsp.auth import Account
from gate.clock import SimulatedClock, ns_of
from tests.fuzz.inputs import hostile

NOW = datetime(2026, 11, 22, 5, tzinfo=UTC)
ACCOUNT = Account(user="admin", password="secret")
_WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
_DIGEST = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest"


def token(nonce: bytes, created: datetime, password: str = "secret") -> etree._Element:
    at = told(created)
    return etree.fromstring(
        f'<Security xmlns="{_WSSE}"><UsernameToken><Username>admin</Username>'
        f'<Password Type="{_DIGEST}">{password_digest(nonce, at, password)}</Password>'
        f'<Nonce>{base64.b64encode(nonce).decode()}</Nonce><Created xmlns="{_WSU}">{at}</Created>'
        "</UsernameToken></Security>"
    )


def reason(found: login.Refused | None) -> str:
    return "right" if found is None else found.reason


def test_the_digest_is_that_of_the_standards_own_example() -> None:
    nonce = base64.b64decode("LKqI6G/AikKCQrN0zqZFlg==")  # ONVIF Application Programmer's Guide, 6.1.1.3
    assert password_digest(nonce, "2010-09-16T07:50:45Z", "userpassword") == "tuOSpGlFlIXsozq4HFNeeGeFLEI="


@given(st.integers(-2 * CREATED_SECONDS_MAX, 2 * CREATED_SECONDS_MAX))
def test_a_token_is_right_within_the_window_of_the_cameras_clock_only(seconds: int) -> None:
    found = Login().judge_token(token(b"n", NOW + timedelta(seconds=seconds)), ACCOUNT, ns_of(NOW))
    assert reason(found) == ("right" if abs(seconds) <= CREATED_SECONDS_MAX else "created")


@given(st.lists(st.tuples(st.binary(min_size=1, max_size=2), st.integers(0, 700)), max_size=20))
def test_no_token_is_ever_right_twice(uses: list[tuple[bytes, int]]) -> None:
    """Whatever the order of nonces and of time: a token that was right is never right again."""
    judge, right, now = Login(), set(), NOW
    for nonce, later in uses:
        now += timedelta(seconds=later)
        for created in (NOW, now):
            if reason(judge.judge_token(token(nonce, created), ACCOUNT, ns_of(now))) == "right":
                assert (nonce, created) not in right
                right.add((nonce, created))


def test_a_full_memory_of_nonces_refuses_rather_than_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login, "NONCES_MAX", 2)
    judge = Login()
    found = [reason(judge.judge_token(token(nonce, NOW), ACCOUNT, ns_of(NOW))) for nonce in (b"1", b"2", b"3", b"1")]
    assert found == ["right", "right", "replayed", "replayed"]
    later = NOW + timedelta(seconds=CREATED_SECONDS_MAX + 1)
    assert reason(judge.judge_token(token(b"3", later), ACCOUNT, ns_of(later))) == "right"


def test_a_restarted_camera_knows_no_nonce() -> None:
    judge = Login()
    assert reason(judge.judge_token(token(b"1", NOW), ACCOUNT, ns_of(NOW))) == "right"
    judge.forget()
    assert reason(judge.judge_token(token(b"1", NOW), ACCOUNT, ns_of(NOW))) == "right"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT60S", 60), ("PT1M", 60), ("P1DT1H", 90_000), ("PT0.5S", 0.5), ("-PT5S", -5), ("P1M", 30 * 86_400),
     ("P", None), ("PT", None), ("60", None), ("PT5", None), ("", None), ("P99999D", 366 * 86_400)],
)  # fmt: skip
def test_durations(text: str, seconds: float | None) -> None:
    assert seconds_of(text) == seconds


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1)))
def test_an_instant_that_is_told_is_read_back(naive: datetime) -> None:
    instant = naive.replace(tzinfo=UTC, microsecond=naive.microsecond // 1000 * 1000)
    assert instant_of(told(instant)) == instant
    assert span_of(told(instant), instant) == 0


@given(st.text(max_size=40))
def test_other_texts_are_no_times(text: str) -> None:
    span = span_of(text, NOW)
    assert span is None or isinstance(span, float)


TNS = "http://www.onvif.org/ver10/topics"


def wish(expression: str, dialect: str = "ConcreteSet", prefix: str = "tns1") -> TopicFilter:
    full = f"http://www.onvif.org/ver10/tev/topicExpression/{dialect}"
    return filter_of(
        etree.fromstring(
            f'<Filter xmlns:{prefix}="{TNS}"><TopicExpression Dialect="{full}">{expression}</TopicExpression></Filter>'
        )
    )


@pytest.mark.parametrize(
    ("expression", "topics"),
    [
        ("tns1:VideoSource/MotionAlarm", {"tns1:VideoSource/MotionAlarm"}),
        ("tns1:VideoSource//.", {one.name for one in PERSONALITIES["onvif_generic"].topics if "Video" in one.name}),
        ("tns1:RuleEngine/LineDetector/Crossed | tns1:VideoSource/MotionAlarm",
         {"tns1:RuleEngine/LineDetector/Crossed", "tns1:VideoSource/MotionAlarm"}),
        ("tns1:Video//.", set()),
        ("", {topic.name for topic in PERSONALITIES["onvif_generic"].topics}),
    ],
)  # fmt: skip
def test_subscribers_get_what_they_asked_for(expression: str, topics: set[str]) -> None:
    wanted = wish(expression)
    assert {one.name for one in PERSONALITIES["onvif_generic"].topics if wanted.covers(one.name)} == topics


def test_prefixes_are_the_clients_own() -> None:
    assert wish("x:VideoSource/x:MotionAlarm", prefix="x").covers("tns1:VideoSource/MotionAlarm")


@pytest.mark.parametrize(
    ("expression", "dialect"), [("boolean(//x)", "ConcreteSet"), ("tns1:A", "XPath"), ("A", "ConcreteSet")]
)
def test_other_filters_are_refused(expression: str, dialect: str) -> None:
    with pytest.raises(SoapFaultError):
        wish(expression, dialect)


async def test_subscriptions_end_on_monotonic_time_and_pulls_renew_those_without_a_term() -> None:
    clock = SimulatedClock(NOW)
    all_of_them = Subscriptions(clock, 3)
    fixed = all_of_them.open(TopicFilter(), 10)
    free = all_of_them.open(TopicFilter(), None)
    assert fixed is not None and free is not None and free.lasts == DEFAULT_SECONDS
    await clock.jump(NOW + timedelta(days=1))
    assert len(all_of_them) == 2
    await clock.advance(9.9)
    assert all_of_them.find(fixed.token) is fixed
    await clock.advance(0.2)
    assert all_of_them.find(fixed.token) is None and fixed.over
    await clock.advance(DEFAULT_SECONDS)
    assert len(all_of_them) == 0
    all_of_them.tell([Notification(topic="tns1:x", operation=None, at=NOW, sources=(), data=())])


NT = "http://www.onvif.org/ver10/network/wsdl"
QUESTION = (
    '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
    ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"><e:Header><a:MessageID>urn:1</a:MessageID></e:Header>'
    "<e:Body>{}</e:Body></e:Envelope>"
)


def test_questions_are_read() -> None:
    probe = f'<d:Probe><d:Types xmlns:x="{NT}">x:NetworkVideoTransmitter</d:Types><d:Scopes>a b</d:Scopes></d:Probe>'
    assert discovery.parse(QUESTION.format(probe).encode()) == Probe(
        message_id="urn:1", types=frozenset({(NT, "NetworkVideoTransmitter")}), scopes=("a", "b"), exact=False
    )
    resolve = "<d:Resolve><a:EndpointReference><a:Address>urn:2</a:Address></a:EndpointReference></d:Resolve>"
    assert discovery.parse(QUESTION.format(resolve).encode()) == Resolve(message_id="urn:1", urn="urn:2")
    for other in ("<d:Hello/>", "", '<d:Probe><d:Scopes MatchBy="http://x/ldap">a</d:Scopes></d:Probe>'):
        assert discovery.parse(QUESTION.format(other).encode()) is None
    assert discovery.parse(b"\xff") is None


@pytest.mark.parametrize(
    ("scope", "own", "begins"),
    [
        ("onvif://www.onvif.org", "onvif://www.onvif.org/name/x", True),
        ("onvif://www.onvif.org/name", "onvif://www.onvif.org/name/x", True),
        ("ONVIF://WWW.onvif.org/name/", "onvif://www.onvif.org/name/x", True),
        ("onvif://www.onvif.org/na", "onvif://www.onvif.org/name/x", False),
        ("onvif://www.onvif.org/name/x/y", "onvif://www.onvif.org/name/x", False),
        ("onvif://[", "onvif://www.onvif.org/name/x", False),
    ],
)
def test_scopes_are_compared_by_segments(scope: str, own: str, begins: bool) -> None:
    assert discovery._begins(scope, own) == begins


@given(
    hostile(
        (
            QUESTION.format("<d:Probe><d:Types>x:y</d:Types></d:Probe>").encode(),
            QUESTION.format('<PullMessages xmlns="urn:x"><Timeout>PT1S</Timeout></PullMessages>').encode(),
            QUESTION.format('<Filter xmlns:t="urn:t"><TopicExpression>t:a//.|t:b</TopicExpression></Filter>').encode(),
        ),
        400,
    )
)
def test_hostile_bytes_are_a_fault_or_silence(data: bytes) -> None:
    discovery.parse(data)
    try:
        call = parse_call(data)
        filter_of(call.body)
        if call.security is not None:
            Login().judge_token(call.security, ACCOUNT, ns_of(NOW))
    except SoapFaultError:
        pass


@pytest.mark.parametrize(
    "listen", ["192.0.2.1:8080", "127.255.255.1:8080", "[::1]:8080", "127.0.1.1", "127.0.1.1:99999"]
)
def test_addresses_without_room_for_cameras_are_refused(listen: str) -> None:
    with pytest.raises(ValidationError):
        OnvifConfig(listen=listen)


def test_every_camera_gets_an_address_and_keeps_its_own() -> None:
    def camera(name: str, host: str | None = None) -> CameraConfig:
        return CameraConfig(id=name, scene="car_park", host=host)

    fleet = FleetConfig(
        cache_dir=Path("x"), onvif=OnvifConfig(), cameras=(camera("a"), camera("b", "127.0.1.1"), camera("c"))
    )
    assert fleet.hosts == {"a": "127.0.1.2", "b": "127.0.1.1", "c": "127.0.1.3"}
    without = fleet.model_copy(update={"onvif": None})
    assert without.hosts == {"b": "127.0.1.1"}
    with pytest.raises(ValidationError, match="two cameras have the host"):
        FleetConfig(cache_dir=Path("x"), cameras=(camera("a", "127.0.1.1"), camera("b", "127.0.1.1")))
