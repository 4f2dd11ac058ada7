"""What probes make of answers: a refusal stops, what is given but broken is faulty, a camera without footage counts."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from gate.clock import SystemClock
from gate.verify.inbox import Inbox
from gate.verify.marks import Mark
from gate.verify.matrix import seen_in
from gate.verify.probes import (
    m2_other_ways,
    m2_remote_live,
    m3_recording,
    m5_remote_playback,
    m8_remote_events,
    m9_maintenance,
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
        site=site, cameras=site.cameras, camera="cam1", known=KNOWN, limits=Limits(), named={}, made=[]
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
