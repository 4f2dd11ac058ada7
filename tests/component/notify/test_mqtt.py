"""Events by MQTT, at a real Mosquitto: entities that Home Assistant finds, states that are retained, availability."""

import asyncio
import contextlib
import ipaddress
import json
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gate.cancelled import raise_if_cancelled
from tests.component.notify.bench import Bench, until

MOSQUITTO = shutil.which("mosquitto") or next((p for p in ("/usr/sbin/mosquitto",) if Path(p).exists()), None)
PASSWD = shutil.which("mosquitto_passwd")

pytestmark = pytest.mark.skipif(MOSQUITTO is None, reason="no Mosquitto here: install the package mosquitto")

BASE = "edge-recorder/rec-1"
CAM1 = f"{BASE}/cameras/cam1"


@dataclass(slots=True)
class Broker:
    """A Mosquitto of a test's own."""

    folder: Path
    port: int
    lines: tuple[str, ...] = ()
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        file = self.folder / "mosquitto.conf"
        file.write_text(
            "\n".join((f"listener {self.port} 127.0.0.1", "user root", *(self.lines or ("allow_anonymous true",))))
        )
        with (self.folder / "mosquitto.log").open("ab") as log:
            self.process = subprocess.Popen([str(MOSQUITTO), "-c", str(file)], stdout=log, stderr=log)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    made = Broker(tmp_path, free_port())
    made.start()
    yield made
    made.stop()


@dataclass(slots=True)
class Listener:
    """Another client: all that it has heard, and what the broker holds by it."""

    heard: list[tuple[str, str, bool]] = field(default_factory=list)
    held: dict[str, str] = field(default_factory=dict)

    def note(self, message: aiomqtt.Message) -> None:
        assert isinstance(message.payload, bytes)
        topic, text = str(message.topic), message.payload.decode()
        self.heard.append((topic, text, message.retain))
        self.held[topic] = text

    def events(self) -> list[tuple[str, str]]:
        """What was told once, as (type, kind)."""
        found = [json.loads(text) for topic, text, _ in self.heard if topic.endswith("/event")]
        return [(one["type"], one["data"]["event"]["kind"]) for one in found]


@contextlib.asynccontextmanager
async def listening(port: int, **login: Any) -> AsyncIterator[Listener]:
    """Hears everything, what is retained first. Waits for the broker."""
    listener, ready = Listener(), asyncio.Event()

    async def listen() -> None:
        while True:
            try:
                async with aiomqtt.Client("127.0.0.1", port, **login) as client:
                    await client.subscribe("#", qos=1)
                    ready.set()
                    async for message in client.messages:
                        listener.note(message)
            except aiomqtt.MqttError:
                raise_if_cancelled()
                await asyncio.to_thread(lambda: None)

    task = asyncio.create_task(listen())
    await ready.wait()
    try:
        yield listener
    finally:
        task.cancel()
        await asyncio.wait([task])


def to_broker(folder: Path, port: int, **fields: Any) -> Bench:
    return Bench(folder, {"mqtt": {"host": "127.0.0.1", "port": port, **fields}})


@pytest_asyncio.fixture
async def listener(broker: Broker) -> AsyncIterator[Listener]:
    async with listening(broker.port) as made:
        yield made


def holds(listener: Listener, topic: str, text: str) -> Callable[[], bool]:
    return lambda: listener.held.get(topic) == text


async def test_home_assistant_finds_each_cameras_entities_and_what_they_stand_at(
    tmp_path: Path, broker: Broker, listener: Listener
) -> None:
    async with to_broker(tmp_path, broker.port).running(entitled_seconds=10 * 86_400) as bench:
        bench.site.board.cameras["cam1"].recording.phase = "recording"
        bench.happen("cam1", "start")
        await until(holds(listener, f"{CAM1}/person", "ON"))
        await until(holds(listener, f"{BASE}/availability", "online"))
        config = json.loads(listener.held["homeassistant/binary_sensor/edge_rec-1/cam1_person/config"])
        assert config | {
            "name": "人物", "state_topic": f"{CAM1}/person", "device_class": "occupancy", "availability_mode": "all",
            "unique_id": "edge_rec-1_cam1_person", "json_attributes_topic": f"{CAM1}/licence",
            "availability": [{"topic": f"{BASE}/availability"}, {"topic": f"{CAM1}/availability"}],
        } == config  # fmt: skip
        assert config["device"] == {
            "identifiers": ["edge_rec-1_cam1"], "name": "玄関", "model": "camera", "via_device": "edge_rec-1",
        }  # fmt: skip
        assert "homeassistant/binary_sensor/edge_rec-1/cam2_person/config" not in listener.held, "cam2 never told one"
        assert listener.held[f"{CAM1}/recording"] == "ON" and listener.held[f"{CAM1}/camera_lost"] == "OFF"
        licence = json.loads(listener.held[f"{CAM1}/licence"])
        assert (licence["state"], licence["days_left"], licence["last_day"]) == ("active", 10, "2026-01-11")
        order = [topic for topic, _, _ in listener.heard]
        assert order.index(f"{CAM1}/person") < order.index(f"{CAM1}/availability") < order.index(f"{BASE}/availability")
        bench.happen("cam1", "end")
        await bench.clock.advance(4)
        await until(holds(listener, f"{CAM1}/person", "OFF"))
        await until(lambda: len(listener.events()) == 2)
        assert listener.events() == [("event.started", "person"), ("event.ended", "person")]
    await until(holds(listener, f"{BASE}/availability", "offline"))
    async with listening(broker.port) as late:
        await until(holds(late, f"{CAM1}/person", "OFF"))
        assert all(retained for _, _, retained in late.heard)
        assert not late.events(), "events are told once, never from the broker's memory"


async def test_a_pulse_is_on_for_a_moment(tmp_path: Path, broker: Broker, listener: Listener) -> None:
    async with to_broker(tmp_path, broker.port).running() as bench:
        await until(holds(listener, f"{BASE}/availability", "online"))
        bench.happen("cam2", kind="line")
        await until(holds(listener, f"{BASE}/cameras/cam2/line", "ON"))
        await bench.clock.advance(5)
        await until(holds(listener, f"{BASE}/cameras/cam2/line", "OFF"))


async def test_a_lapsed_cameras_entities_are_unavailable_with_the_reason_and_nothing_of_it_is_told(
    tmp_path: Path, broker: Broker, listener: Listener
) -> None:
    async with to_broker(tmp_path, broker.port).running(entitled_seconds=60) as bench:
        await until(holds(listener, f"{CAM1}/availability", "online"))
        await bench.clock.advance(60)
        await until(holds(listener, f"{CAM1}/availability", "offline"))
        await until(lambda: json.loads(listener.held[f"{CAM1}/licence"])["state"] == "lapsed")
        licence = json.loads(listener.held[f"{CAM1}/licence"])
        assert (licence["code"], licence["reason"]) == ("EXPIRED", "ライセンスの有効期限が切れています")
        assert listener.held[f"{BASE}/notices"] == "offline" and listener.held[f"{BASE}/availability"] == "online"
        heard = len(listener.heard)
        bench.happen("cam1", "start")
        bench.site.board.cameras["cam1"].recording.phase = "recording"
        bench.site.board.changed()
        await bench.clock.advance(60)
        bench.entitle(3600, "cam2")
        await until(holds(listener, f"{BASE}/cameras/cam2/availability", "online"))
        assert {topic for topic, _, _ in listener.heard[heard:] if topic.startswith(CAM1)} <= {f"{CAM1}/licence"}
        bench.entitle(3600)
        await until(holds(listener, f"{CAM1}/availability", "online"))
        assert f"{CAM1}/person" not in listener.held, "it began while lapsed"
        assert listener.held[f"{CAM1}/recording"] == "ON"
    assert listener.events() == []


async def test_a_broker_that_was_away_is_told_what_happened_and_how_things_stand(
    tmp_path: Path, broker: Broker
) -> None:
    broker.stop()
    async with to_broker(tmp_path, broker.port).running() as bench:
        bench.happen("cam1", kind="vehicle")
        bench.happen("cam1", "start")
        assert (await bench.counts("mqtt")).waiting == 2
        broker.start()
        async with listening(broker.port) as listener:
            for _ in range(30):
                if listener.held.get(f"{BASE}/availability") == "online":
                    break
                await bench.clock.advance(3)
                await asyncio.to_thread(lambda: None)
            await until(holds(listener, f"{CAM1}/person", "ON"))
            await until(lambda: len(listener.events()) == 2)
            assert listener.events() == [("event.happened", "vehicle"), ("event.started", "person")]
            await bench.until_counts("mqtt", lambda count: (count.waiting, count.sent) == (0, 2))


async def test_a_recorder_that_dies_is_offline_by_its_last_will(
    tmp_path: Path, broker: Broker, listener: Listener
) -> None:
    async with to_broker(tmp_path, broker.port).running() as bench:
        await until(holds(listener, f"{BASE}/availability", "online"))
        channel: Any = bench.notices._couriers[0].channel
        channel._torn.set()  # breaks the connection off, as it does where a licence ends in the middle of an event
        await until(holds(listener, f"{BASE}/availability", "offline"))
        await bench.clock.advance(3)
        await until(holds(listener, f"{BASE}/availability", "online"))


async def test_cameras_that_are_gone_are_taken_out_of_the_broker(
    tmp_path: Path, broker: Broker, listener: Listener
) -> None:
    async with to_broker(tmp_path, broker.port).running():
        await until(holds(listener, f"{BASE}/availability", "online"))
    assert listener.held["homeassistant/sensor/edge_rec-1/cam2_licence_days/config"]
    config = {"host": "127.0.0.1", "port": broker.port, "cameras": ["cam1"]}
    async with Bench(tmp_path, {"mqtt": config}).running():
        await until(holds(listener, "homeassistant/sensor/edge_rec-1/cam2_licence_days/config", ""))
        await until(holds(listener, f"{BASE}/cameras/cam2/licence", ""))
        await until(holds(listener, f"{BASE}/cameras/cam2/availability", ""))
        assert listener.held["homeassistant/sensor/edge_rec-1/cam1_licence_days/config"] != ""


async def test_a_password_opens_the_broker_over_tls_and_a_wrong_one_is_said_in_words(tmp_path: Path) -> None:
    if PASSWD is None:
        pytest.skip("no mosquitto_passwd here: install the package mosquitto")
    make = [PASSWD, "-c", "-b", str(tmp_path / "users"), "edge", "hush hush"]
    await asyncio.to_thread(subprocess.run, make, check=True, capture_output=True)
    (tmp_path / "users").chmod(0o600)
    authority = certificate(tmp_path)
    lines = (
        "allow_anonymous false", f"password_file {tmp_path / 'users'}",
        f"certfile {authority}", f"keyfile {tmp_path / 'key.pem'}",
    )  # fmt: skip
    broker = Broker(tmp_path, free_port(), lines)
    broker.start()
    login = {"tls": True, "ca_file": authority, "user": "edge"}
    try:
        async with to_broker(tmp_path, broker.port, **login, password="wrong").running() as bench:
            channel: Any = bench.notices._couriers[0].channel
            for _ in range(100):
                if "authori" in channel.trouble.lower() or "password" in channel.trouble.lower():
                    break
                await bench.clock.advance(1)
                await until(lambda: bench.clock._timers)
            assert "authori" in channel.trouble.lower() and "wrong" not in channel.trouble
        async with to_broker(tmp_path, broker.port, **login, password="hush hush").running() as bench:
            channel = bench.notices._couriers[0].channel
            bench.happen()
            await bench.until_counts("mqtt", lambda count: count.sent == 1)
            assert channel.trouble == ""
    finally:
        broker.stop()


def certificate(folder: Path) -> Path:
    """A self-signed one for 127.0.0.1, its key beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test's broker")])
    now = datetime.now(UTC)  # noqa: TID251 - TLS judges by the machine's time
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .sign(key, hashes.SHA256())
    )
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    path = folder / "cert.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return path
