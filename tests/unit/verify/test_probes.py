"""What probes make of answers: a refusal stops, what is given but broken is faulty, a camera without footage counts."""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import numpy as np
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from gate.clock import SystemClock
from gate.verify.inbox import Inbox
from gate.verify.marks import Barcode, Mark
from gate.verify.matrix import Part, seen_in
from gate.verify.probes import (
    m1_hdmi_live,
    m2_other_ways,
    m2_remote_live,
    m3_recording,
    m4_hdmi_playback,
    m5_remote_playback,
    m8_remote_events,
    m9_maintenance,
    monitor,
)
from gate.verify.probes.answers import Answer
from gate.verify.probes.bench import Bench, Happening, KnownFootage, refused
from gate.verify.scenario import Limits

MARKS = [Mark(camera="cam1", number=at, counter=at, utc_us=at * 66_667, state="") for at in range(30)]
KNOWN = KnownFootage(camera="cam1", marks=MARKS, fps=15, loop_pictures=150)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    clock = SystemClock()
    site = SimpleNamespace(
        clock=clock, now_ns=clock.now_ns, footage=tmp_path, cameras=("cam1", "cam2"), remote=lambda path: path
    )
    made = SimpleNamespace(
        site=site, cameras=site.cameras, camera="cam1", known=KNOWN, limits=Limits(), named={}, made=[], knowns={}
    )
    yield cast(Bench, made)
    clock.close()


@pytest.mark.parametrize(
    ("module", "look", "body"),
    [
        (m2_remote_live, m2_remote_live._download, b"no film"),
        (m2_other_ways, m2_other_ways.export, {"id": "1", "state": "failed", "problem": "no space"}),
        (m5_remote_playback, m5_remote_playback._found, {"spans": []}),
        (m5_remote_playback, m5_remote_playback._still, b""),
        (m5_remote_playback, m5_remote_playback._as_stored, b""),
        (m9_maintenance, m9_maintenance._logs, b"no archive"),
    ],
    ids=["download", "export", "search", "still picture", "fragments", "logs"],
)
async def test_what_is_given_but_broken_has_not_stopped(
    module: Any, look: Any, body: Any, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = body if isinstance(body, bytes) else json.dumps(body).encode()
    answers = [
        Answer(status=200, body=given, denial=None), Answer(status=403, body=b"", denial="EXPIRED"),
    ]  # fmt: skip

    async def ask(*_: Any) -> Answer:
        return answers.pop(0)

    monkeypatch.setattr(module, "ask", ask)
    assert seen_in([await look(bench)]) == "mixed"
    assert seen_in([await look(bench)]) == "stops"


def film_of(camera: str) -> bytes:
    """The known pictures as another camera would have taken them; docs/protocols.md, "Picture marks"."""
    uuid = bytes.fromhex("9a2b4c6d5e7f4a1b8c3ded9e5eca3e1a")
    fields = struct.Struct(">B16sBQQQ16sI")
    packed = [fields.pack(1, camera.encode(), 1, at.number, at.counter, at.utc_us, b"", 0) for at in MARKS]
    return b"".join(uuid + _escaped(one) for one in packed)


def _escaped(data: bytes) -> bytes:
    out = bytearray()
    for byte in data:
        if byte <= 3 and out[-2:] == b"\0\0":
            out.append(3)
        out.append(byte)
    return bytes(out)


@pytest.mark.parametrize(
    ("module", "look"),
    [
        (m2_remote_live, m2_remote_live._download),
        (m5_remote_playback, m5_remote_playback._as_stored),
    ],
    ids=["download", "fragments"],
)
async def test_pictures_of_another_camera_are_not_what_was_asked_for(
    module: Any, look: Any, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [Answer(status=200, body=film_of(camera), denial=None) for camera in ("cam1", "cam2")]

    async def ask(*_: Any) -> Answer:
        return answers.pop(0)

    monkeypatch.setattr(module, "ask", ask)
    monkeypatch.setattr(m2_remote_live, "decoded_pictures", lambda _: len(MARKS))
    assert [seen_in([await look(bench)]) for _ in range(2)] == ["works", "mixed"]


@pytest.mark.parametrize(
    ("camera", "decoded", "seen"), [("cam1", 8, "works"), ("cam2", 8, "mixed"), ("cam1", 0, "mixed")]
)
async def test_a_recording_of_another_cameras_pictures_or_of_broken_ones_has_not_stopped(
    camera: str, decoded: int, seen: str, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_us = bench.site.now_ns() // 1000 + 60_000_000
    newest = Mark(camera=camera, number=1, counter=1, utc_us=now_us, state="")
    monkeypatch.setattr(m3_recording, "newest_marks", lambda *_: [newest])
    bench.knowns = {"cam1": KNOWN}
    bench.cameras = ("cam1",)
    monkeypatch.setattr(m3_recording, "decoded_pictures", lambda *_: decoded)
    assert seen_in(await m3_recording.probe(bench)) == seen


@pytest.mark.parametrize(
    ("available", "told", "seen"),
    [
        ("online", "zone ON", "works"),
        ("offline", "licence {}", "stops"),
        ("offline", "zone ON", "mixed"),
        ("online", "licence {}", "mixed"),
        ("offline", "recording OFF", "mixed"),
    ],
)
async def test_a_broker_is_told_nothing_of_a_lapsed_camera_but_that_it_is(
    available: str, told: str, seen: str, bench: Bench
) -> None:
    bench.happening = Happening(kind="zone", token="verify-1", happened_ns=2)
    bench.happening.happened.set()
    inbox = Inbox(
        texts=[
            (1, "site/cameras/cam1/zone OFF"),
            (1, f"site/cameras/cam1/availability {available}"),
            (1, "site/cameras/cam2/availability online"),
            (3, f"site/cameras/cam1/{told}"),
            (3, "site/cameras/cam2/zone ON"),
        ]
    )
    assert seen_in([await m8_remote_events._state(bench, inbox)]) == seen


async def test_a_camera_is_asked_to_restart_only_where_maintenance_is_refused(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    denial: str | None = None

    async def ask(_: Any, url: str, *content: Any) -> Answer:
        asked.append(url)
        return Answer(status=403 if denial else 200, body=b'{"id": "verified-1"}', denial=denial)

    monkeypatch.setattr(m9_maintenance, "ask", ask)
    bench.site.device, bench.site.has_monitor = "verified-1", False  # type: ignore[misc]
    await m9_maintenance.probe(bench)
    assert "cameras/cam1/reboot" not in asked
    denial = "EXPIRED"
    assert seen_in(await m9_maintenance.probe(bench)) == "stops" and asked[-1] == "cameras/cam1/reboot"


async def test_a_camera_of_which_nothing_was_ever_recorded_is_not_left_out(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bench.site.footage / "cam1" / "main").mkdir(parents=True)
    monkeypatch.setattr(m3_recording, "SECONDS", 0.01)
    parts = await m3_recording.probe(bench)
    assert [(part.name, part.works) for part in parts] == [("cam1 recorded", False), ("cam2 recorded", False)]


def test_columns_that_differ_in_punctuation_alone_keep_their_own_pictures(tmp_path: Path) -> None:
    site = cast(Any, SimpleNamespace(cameras=("cam1",)))
    bench = Bench(site=site, limits=Limits(), knowns={}, pictures=tmp_path, cameras=("cam1",))
    names = []
    for column in ("after X, cam1", "after X  cam1", "after X, cam1"):
        bench.begin(column, ("cam1",), is_listened_for=False)
        names.append(bench.keep("M1", b"a picture"))
    assert names == ["after-X--cam1-M1.jpg", "after-X--cam1-2-M1.jpg", "after-X--cam1-M1.jpg"]


@pytest.mark.parametrize(("status", "works"), [(404, False), (403, False), (200, True)])
async def test_what_was_named_before_and_is_kept_no_more_is_not_given(status: int, works: bool, bench: Bench) -> None:
    async def answer(request: web.Request) -> web.Response:
        problem = {"type": "urn:edge-recorder:denial:EXPIRED"} if status == 403 else {"code": "export_unknown"}
        return web.json_response(problem, status=status)

    app = web.Application()
    app.router.add_get("/export", answer)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        bench.named["export"] = str(server.make_url("/export"))
        vars(bench.site)["session"] = session
        part = await refused(bench, "export", Answer(status=403, body=b"", denial="EXPIRED"))
    assert part.works is works and part.evidence["named_before"]["status"] == status


@pytest.mark.parametrize(("same", "seen"), [(False, "works"), (True, "mixed")])
async def test_one_camera_shown_twice_is_not_two_cameras(
    same: bool, seen: str, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenes = np.random.default_rng(1).integers(0, 255, (2, 200, 300), np.uint8)
    wall = np.hstack([scenes[0], scenes[0 if same else 1]])
    shown = iter(range(100))

    async def picture(_: Any) -> tuple[Any, bytes]:
        return wall, b"a picture"

    async def order(*_: Any, **__: Any) -> None:
        pass

    def codes(_: Any) -> list[Barcode]:
        value = next(shown)
        return [Barcode(value=value, x=x, y=190, width=90) for x in (10, 310)]

    monkeypatch.setattr(monitor, "picture", picture)
    monkeypatch.setattr(monitor, "order", order)
    monkeypatch.setattr(m1_hdmi_live, "barcodes_in", codes)
    bench.age_ms = lambda _: 10.0  # type: ignore[method-assign]
    bench.keep = lambda *_: "M1.png"  # type: ignore[method-assign]
    assert seen_in(await m1_hdmi_live.probe(bench)) == seen


@pytest.mark.parametrize(("width", "seen"), [(140, "works"), (70, "stops")], ids=["the picture", "a notice's picture"])
async def test_a_small_picture_that_stands_on_the_screen_is_not_played_back(
    width: int, seen: str, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def picture(_: Any) -> tuple[Any, bytes]:
        return np.zeros((540, 960), np.uint8), b""

    async def order(*_: Any, **__: Any) -> None:
        pass

    monkeypatch.setattr(monitor, "picture", picture)
    monkeypatch.setattr(monitor, "order", order)
    monkeypatch.setattr(m4_hdmi_playback, "SECONDS", 1.0)
    monkeypatch.setattr(m4_hdmi_playback, "barcodes_in", lambda _: [Barcode(value=7, x=150, y=300, width=width)])
    assert seen_in(await m4_hdmi_playback.probe(bench)) == seen


@pytest.mark.parametrize(("status", "seen"), [(404, "mixed"), (403, "mixed"), (200, "works")])
async def test_an_event_that_is_told_without_its_picture_is_not_as_it_should_be(
    status: int, seen: str, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ask(*_: Any, may_be_gone: bool) -> Answer:
        assert may_be_gone, "it is an answer, too"
        return Answer(status=status, body=b"", denial="EXPIRED" if status == 403 else None)

    monkeypatch.setattr(m8_remote_events, "ask", ask)
    monkeypatch.setattr(m8_remote_events, "gray_of", lambda _: b"")
    monkeypatch.setattr(m8_remote_events, "barcodes_in", lambda _: [Barcode(value=0, x=0, y=0, width=1)])
    bench.happening = Happening(kind="zone", token="verify-1", happened_ns=2)
    vars(bench.site).update(offset_ns=0, age_ms=lambda *_: 0.0)
    told = Part(name="WebSocket", works=True, evidence={"event": {"id": 7}})
    assert seen_in([told, *await m8_remote_events._picture(bench, told)]) == seen
