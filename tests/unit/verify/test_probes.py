"""What probes make of answers: a refusal stops, what is given but broken is faulty, a camera without footage counts."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gate.clock import SystemClock
from gate.verify.marks import Mark
from gate.verify.matrix import seen_in
from gate.verify.probes import m2_other_ways, m2_remote_live, m3_recording, m5_remote_playback, m9_maintenance
from gate.verify.probes.answers import Answer
from gate.verify.probes.bench import Bench, KnownFootage
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
