"""Every kind of fault, as a client sees it that knows nothing of it."""

import asyncio
import json
import struct
from collections import Counter
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest
import pytest_asyncio

from camera_sim.config import FaultConfig, FleetConfig
from camera_sim.errors import FaultError
from camera_sim.faults.director import Active
from camera_sim.faults.fault import KINDS, fault_of
from camera_sim.fleet import Fleet, serve
from gate.clock import Clock, SystemClock
from tests.component.camera_sim.conftest import FPS, GOP, PASSWORD, READY_SECONDS, TICKS
from tests.component.camera_sim.raw_client import Picture, RawClient, connected
from tests.unit.camera_sim.test_sim_digest import authorization

PATH = "/cam1/main"


@pytest.fixture
def quick(config: FleetConfig, tmp_path: Path) -> FleetConfig:
    """cam1 and guard, who wants a password, with a ground-truth log."""
    cameras = tuple(camera for camera in config.cameras if camera.id in ("cam1", "guard"))
    return config.model_copy(update={"cameras": cameras, "fault_log": tmp_path / "faults.jsonl"})


@pytest_asyncio.fixture
async def sick(quick: FleetConfig, clock: SystemClock) -> AsyncIterator[Fleet]:
    async with serve(quick, clock) as fleet:
        async with clock.timeout(READY_SECONDS):
            await fleet.workshop.wait_complete()
            await fleet.wait_ready()
        yield fleet


@pytest_asyncio.fixture
async def client(sick: Fleet, clock: SystemClock) -> AsyncIterator[RawClient]:
    """Plays cam1's main stream; one picture has come."""
    async with connected(sick.port, clock) as client:
        await client.play(PATH)
        await client.picture()
        yield client


def begin(fleet: Fleet, kind: str, scope: str = "cam1", **params: float) -> Active:
    return fleet.faults.begin(fault_of(kind, scope, params=params, seed=5))


async def over(fleet: Fleet, clock: Clock, *faults: Active) -> None:
    """Clears faults and waits until nothing is wrong any more."""
    for fault in faults:
        fleet.faults.clear(fault.number)
    async with clock.timeout(5):
        while fleet.faults.active:
            await clock.sleep(0.005)


async def heads(client: RawClient, count: int) -> list[tuple[int, int, int]]:
    """Sequence number, time and SSRC of the next packets."""
    found = [struct.unpack_from(">HII", await client.packet(), 2) for _ in range(count)]
    return [(sequence, time, ssrc) for sequence, time, ssrc in found]


async def until(client: RawClient, wanted: str) -> list[Picture]:
    """Pictures up to the one whose state or size is asked for."""
    pictures = [await client.picture()]
    while wanted == "key" and not pictures[-1].key:
        pictures.append(await client.picture())
    return pictures


def test_every_kind_is_tested_here() -> None:
    text = Path(__file__).read_text()
    told = (Path(__file__).parent / "test_sim_events.py").read_text()  # event_* and tamper_*
    services = (Path(__file__).parent / "onvif" / "test_troubled_services.py").read_text()
    cards = (Path(__file__).parent / "test_sd_slot.py").read_text()
    assert [kind for kind in KINDS if f'"{kind}"' not in text + told + services + cards] == []


async def test_loss_leaves_holes_in_the_numbering_that_the_log_counts(
    sick: Fleet, client: RawClient, clock: SystemClock, quick: FleetConfig
) -> None:
    fault = begin(sick, "loss", share=0.3)
    numbers = [sequence for sequence, _, _ in await heads(client, 40)]
    lost = sum((b - a) % 65536 - 1 for a, b in pairwise(numbers))
    assert 4 <= lost <= 45
    await over(sick, clock, fault)
    assert quick.fault_log is not None
    began, ended = map(json.loads, quick.fault_log.read_text().splitlines())
    assert (began["event"], began["kind"], began["scope"], began["params"]) == ("began", "loss", "cam1", {"share": 0.3})
    assert ended["event"] == "ended" and ended["did"]["packets_lost"] >= lost
    assert ended["streams"][PATH]["n"] > began["streams"][PATH]["n"]


async def test_reordered_packets_all_arrive_but_not_in_order(sick: Fleet, client: RawClient) -> None:
    begin(sick, "reorder", share=0.3, distance=3)
    numbers = [sequence for sequence, _, _ in await heads(client, 44)]
    assert numbers != sorted(numbers, key=lambda number: (number - numbers[0] + 30) % 65536)
    assert len(set(numbers)) == len(numbers)
    first = min(numbers[8:30], key=lambda number: (number - numbers[0]) % 65536)
    assert {(first + k) % 65536 for k in range(12)} <= set(numbers)


async def test_duplicates_come_twice(sick: Fleet, client: RawClient) -> None:
    begin(sick, "duplicates", share=0.5)
    numbers = Counter(sequence for sequence, _, _ in await heads(client, 40))
    assert set(numbers.values()) == {1, 2}


@pytest.mark.parametrize(
    ("kind", "params", "jump"),
    [("ts_back", {"seconds": 5}, -5 * 90_000), ("ts_forward", {"seconds": 3600}, 3600 * 90_000)],
)
async def test_rtp_time_jumps_and_goes_on_from_there(
    sick: Fleet, client: RawClient, clock: SystemClock, kind: str, params: dict[str, float], jump: int
) -> None:
    before = await heads(client, 1)
    fault = begin(sick, kind, **params)
    times = [time for _, time, _ in before + await heads(client, 20)]
    steps = {(b - a + 2**31) % 2**32 - 2**31 for a, b in pairwise(times)}
    assert steps == {0, TICKS, jump + TICKS}
    await over(sick, clock, fault)


async def test_rtp_time_is_zero(sick: Fleet, client: RawClient) -> None:
    begin(sick, "ts_zero")
    assert {time for _, time, _ in (await heads(client, 20))[8:]} == {0}


async def test_rtp_time_stands_still(sick: Fleet, client: RawClient) -> None:
    begin(sick, "ts_constant")
    times = [time for _, time, _ in await heads(client, 20)]
    assert len(set(times[8:])) == 1 and times[8]


async def test_rtp_time_wraps(sick: Fleet, client: RawClient) -> None:
    begin(sick, "ts_wrap", seconds=0.2)
    times = [time for _, time, _ in await heads(client, 30)]
    wraps = [(a, b) for a, b in pairwise(times) if a >= 2**32 - TICKS and b < TICKS]
    assert len(wraps) == 1


async def test_the_ssrc_changes_back_and_forth(sick: Fleet, client: RawClient, clock: SystemClock) -> None:
    fault = begin(sick, "ssrc_change")
    others = {ssrc for _, _, ssrc in (await heads(client, 12))[6:]}
    assert len(others) == 1 and others != {client.ssrc}
    await over(sick, clock, fault)
    assert client.ssrc in {ssrc for _, _, ssrc in await heads(client, 12)}


async def test_a_frozen_stream_answers_but_sends_nothing(sick: Fleet, client: RawClient, clock: SystemClock) -> None:
    before = (await client.picture()).mark.n
    fault = begin(sick, "frozen")
    began_ns = clock.monotonic_ns()
    await clock.sleep(0.4)
    assert (await client.ask("GET_PARAMETER", PATH)).status == 200
    await over(sick, clock, fault)
    client._packets = client._packets[:2]
    pictures = [await client.picture() for _ in range(3)]
    missing = (clock.monotonic_ns() - began_ns) / 1e9 * FPS
    assert pictures[-1].mark.n - before == pytest.approx(missing + 3, abs=8)


async def test_half_open_neither_sends_nor_answers_and_is_reset_at_the_end(
    sick: Fleet, client: RawClient, clock: SystemClock
) -> None:
    fault = begin(sick, "half_open")
    async with connected(sick.port, clock) as late:
        for each in (client, late):
            each.writer.write(f"GET_PARAMETER {each.base}{PATH} RTSP/1.0\r\nCSeq: 99\r\n\r\n".encode())
        await clock.sleep(0.3)
        client._packets.clear()
        with pytest.raises(TimeoutError):
            async with clock.timeout(0.2):
                while b"CSeq: 99" not in await client.reader.readuntil(b"\r\n"):
                    pass
        with pytest.raises(TimeoutError):
            async with clock.timeout(0.1):
                await late.reader.read(1)
    await over(sick, clock, fault)
    with pytest.raises(ConnectionResetError):
        await client.rest()


async def test_a_reset_is_a_reset_and_the_camera_is_there_again(
    sick: Fleet, client: RawClient, clock: SystemClock
) -> None:
    begin(sick, "reset")
    with pytest.raises(ConnectionResetError):
        await client.rest()
    async with connected(sick.port, clock) as again:
        await again.play(PATH)
        assert (await again.picture()).key


async def test_a_refusing_camera_resets_who_asks_for_it_and_no_other(
    sick: Fleet, client: RawClient, clock: SystemClock
) -> None:
    fault = begin(sick, "refused")
    with pytest.raises(ConnectionResetError):
        await client.rest()
    async with connected(sick.port, clock) as again:
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await again.ask("DESCRIBE", PATH)
    async with connected(sick.port, clock) as other:
        assert (await other.ask("OPTIONS", "/guard/main")).status == 200
    await over(sick, clock, fault)
    async with connected(sick.port, clock) as again:
        assert (await again.ask("DESCRIBE", PATH)).status == 200


async def test_a_reboot_of_all_refuses_connections_until_it_is_done(
    sick: Fleet, client: RawClient, clock: SystemClock
) -> None:
    fault = begin(sick, "reboot", "*")
    assert fault.fault.duration == KINDS["reboot"].seconds
    with pytest.raises(ConnectionResetError):
        await client.rest()
    with pytest.raises(ConnectionRefusedError):
        async with connected(sick.port, clock):
            pass
    await over(sick, clock, fault)
    async with connected(sick.port, clock) as again:
        await again.play(PATH)
        assert (await again.picture()).key


async def test_a_slow_network_loses_pictures_up_to_key_frames(
    sick: Fleet, client: RawClient, clock: SystemClock
) -> None:
    fault = begin(sick, "slow", bits_per_second=60_000, buffer_bytes=2_000)
    began_ns, size = clock.monotonic_ns(), 0
    pictures = []
    while len(pictures) < 40 and not any(b.mark.n - a.mark.n > 1 for a, b in pairwise(pictures)):
        pictures.append(await client.picture())
        size += len(pictures[-1].annex_b)
    seconds = (clock.monotonic_ns() - began_ns) / 1e9
    assert size * 8 / seconds < 200_000
    assert all(b.key for a, b in pairwise(pictures) if b.mark.n != a.mark.n + 1)
    assert pictures[-1].mark.n - pictures[-2].mark.n > 1
    await over(sick, clock, fault)


async def test_a_forgotten_session_is_454_and_sends_no_more(sick: Fleet, client: RawClient, clock: SystemClock) -> None:
    begin(sick, "stale_session")
    answer = await client.ask("GET_PARAMETER", PATH)
    assert answer.status == 454
    client._packets.clear()
    with pytest.raises(TimeoutError):
        async with clock.timeout(0.2):
            await client.packet()
    client.session = ""
    await client.play(PATH)
    assert (await client.picture()).key


async def test_beyond_the_limit_of_sessions_setup_is_453(sick: Fleet, client: RawClient, clock: SystemClock) -> None:
    fault = begin(sick, "session_limit", sessions=1)
    wish = {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"}
    async with connected(sick.port, clock) as second:
        assert (await second.ask("SETUP", f"{PATH}/trackID=0", **wish)).status == 453
        assert (await client.picture()).nals
        await over(sick, clock, fault)
        assert (await second.ask("SETUP", f"{PATH}/trackID=0", **wish)).status == 200


async def test_a_stale_nonce_is_asked_anew_with_each_request(sick: Fleet, clock: SystemClock) -> None:
    async with connected(sick.port, clock) as client:
        url = f"{client.base}/guard/main"
        nonce = _nonce((await client.ask("DESCRIBE", "/guard/main")).headers["www-authenticate"])
        right = {"Authorization": authorization(nonce, "DESCRIBE", url, password=PASSWORD)}
        assert (await client.ask("DESCRIBE", "/guard/main", **right)).status == 200
        begin(sick, "stale_nonce", "guard")
        statuses = []
        for _ in range(4):
            answer = await client.ask("DESCRIBE", "/guard/main", **right)
            statuses.append(answer.status)
            if answer.status == 401:
                challenge = answer.headers["www-authenticate"]
                assert challenge.endswith("stale=true")
                right = {"Authorization": authorization(_nonce(challenge), "DESCRIBE", url, password=PASSWORD)}
    assert statuses == [401, 200, 401, 200]


async def test_another_password_is_401_without_stale(sick: Fleet, clock: SystemClock) -> None:
    fault = begin(sick, "wrong_password", "*")
    async with connected(sick.port, clock) as client:
        for path in ("/guard/main", PATH):
            nonce = _nonce((await client.ask("DESCRIBE", path)).headers["www-authenticate"])
            right = authorization(nonce, "DESCRIBE", client.base + path, password=PASSWORD)
            answer = await client.ask("DESCRIBE", path, Authorization=right)
            assert answer.status == 401
            assert "stale" not in answer.headers["www-authenticate"]
        await over(sick, clock, fault)
        assert (await client.ask("DESCRIBE", PATH)).status == 200
        assert (await client.ask("DESCRIBE", "/guard/main", Authorization=right)).status == 401


async def test_descriptions_lie(sick: Fleet, clock: SystemClock) -> None:
    async with connected(sick.port, clock) as client:
        truth = (await client.ask("DESCRIBE", PATH)).body.decode()
        lies = {"sprop_missing": {}, "sprop_wrong": {}, "fps_lie": {"fps": 60}}
        for kind, params in lies.items():
            fault = begin(sick, kind, **params)
            told = (await client.ask("DESCRIBE", PATH)).body.decode()
            await over(sick, clock, fault)
            pairs = zip(truth.split("\r\n"), told.split("\r\n"), strict=True)
            (line,) = [b for a, b in pairs if a != b and not b.startswith("o=")]
            if kind == "fps_lie":
                assert line == "a=framerate:60"
            else:
                assert line.startswith("a=fmtp:96 packetization-mode=1")
                assert ("sprop" in line) == (kind == "sprop_wrong")


async def test_a_frozen_image_keeps_coming_and_moves_again_after(
    sick: Fleet, client: RawClient, clock: SystemClock
) -> None:
    fault = begin(sick, "freeze_image")
    pictures = [await client.picture() for _ in range(GOP + 9)]
    assert len({picture.slices for picture in pictures[-8:]}) == 1
    numbers = [picture.mark.n for picture in pictures]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    await over(sick, clock, fault)
    after = [await client.picture() for _ in range(GOP + 12)]
    assert len({picture.slices for picture in after[-8:]}) == 8
    assert next(b for a, b in pairwise([pictures[-1], *after]) if a.slices == pictures[-1].slices != b.slices).key


async def test_parameters_change_in_mid_stream_and_back_at_key_frames(
    sick: Fleet, client: RawClient, clock: SystemClock
) -> None:
    own = (await until(client, "key"))[-1].nals[:2]
    fault = begin(sick, "parameter_change")
    pictures = [await client.picture() for _ in range(GOP + 8)]
    await over(sick, clock, fault)
    pictures += [await client.picture() for _ in range(GOP + 8)]
    sets = [tuple(picture.nals[:2]) for picture in pictures if picture.key]
    assert tuple(own) in sets and len(set(sets)) == 2
    assert sets[-1] == tuple(own)
    numbers = [picture.mark.n for picture in pictures]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    _decode(pictures)


async def test_parameters_cannot_change_where_there_is_no_other_stream(sick: Fleet) -> None:
    with pytest.raises(FaultError, match="no other stream"):
        begin(sick, "parameter_change", "guard")
    assert sick.faults.active == {}


@pytest.mark.parametrize(("kind", "params"), [("clock_offset", {"seconds": 100}), ("clock_step", {"seconds": -50})])
async def test_the_cameras_clock_is_wrong_in_marks_and_reports(
    sick: Fleet, client: RawClient, clock: SystemClock, kind: str, params: dict[str, float]
) -> None:
    begin(sick, kind, **params)
    pictures = [await client.picture() for _ in range(6)]
    ahead = pictures[-1].mark.utc_us / 1e6 - clock.now_ns() / 1e9
    assert ahead == pytest.approx(params["seconds"], abs=0.3)
    assert pictures[-1].mark.n == pictures[-1].mark.utc_us * FPS // 1_000_000
    for a, b in pairwise(pictures):
        assert (b.rtp_time - a.rtp_time) % 2**32 == TICKS * (b.mark.counter - a.mark.counter)
    async with connected(sick.port, clock) as late:
        await late.play(PATH)
        await late.picture()
        await late.picture()
    ntp = int.from_bytes(late.reports[0][8:12], "big") - 2_208_988_800
    assert ntp - clock.now_ns() / 1e9 == pytest.approx(params["seconds"], abs=2)


async def test_the_cameras_clock_drifts(sick: Fleet, client: RawClient, clock: SystemClock) -> None:
    begin(sick, "clock_drift", ppm=100_000)
    first = (await client.picture()).mark
    began_ns = clock.monotonic_ns()
    for _ in range(15):
        last = (await client.picture()).mark
    real = (clock.monotonic_ns() - began_ns) / 1e9
    assert (last.utc_us - first.utc_us) / 1e6 - real == pytest.approx(real * 0.1, abs=0.05)


async def test_faults_of_the_plan_begin_and_end_by_themselves(quick: FleetConfig, sick: Fleet) -> None:
    del sick  # only its clips
    planned = FaultConfig.model_validate({"kind": "frozen", "scope": "*", "at": "50ms", "for": "100ms"})
    clock = SystemClock()
    async with serve(quick.model_copy(update={"faults": (planned,)}), clock) as fleet:
        assert quick.fault_log is not None
        async with clock.timeout(5):
            while not quick.fault_log.exists() or len(quick.fault_log.read_text().splitlines()) < 2:
                await clock.sleep(0.01)
        assert fleet.faults.active == {}
    began, ended = map(json.loads, quick.fault_log.read_text().splitlines())
    assert [began["event"], ended["event"]] == ["began", "ended"]
    assert set(began["streams"]) == {PATH, "/cam1/sub", "/guard/main"}
    clock.close()


async def test_without_faults_a_receiver_has_its_plain_way(sick: Fleet, client: RawClient, clock: SystemClock) -> None:
    stream = sick.streams[PATH]
    plain = {type(receiver.sender).__name__ for receiver in stream.audience}
    fault = begin(sick, "loss")
    assert {type(receiver.sender).__name__ for receiver in stream.audience} != plain
    assert sick.streams["/guard/main"].faults is None
    await over(sick, clock, fault)
    assert {type(receiver.sender).__name__ for receiver in stream.audience} == plain == {"TcpSender"}
    assert stream.faults is None


def _nonce(challenge: str) -> str:
    return challenge.partition('nonce="')[2].partition('"')[0]


def _decode(pictures: list[Picture]) -> None:
    from tests.component.camera_sim.test_sim_playing import decode

    first = next(at for at, picture in enumerate(pictures) if picture.key)
    assert len(decode(pictures[first:])) == len(pictures) - first
