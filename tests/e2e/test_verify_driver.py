"""Another maker's recorder, judged by the shipped driver's file: it passes one that closes at its licence's end,
and fails one that leaves something open."""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.fakes import gst_server, plain_recorder
from tests.fakes.plain_recorder import PASSWORD, USER, PlainRecorder

SHIPPED = Path(__file__).resolve().parents[2] / "configs" / "drivers" / "plain_rtsp_hls.yaml"
ROWS = ["M2", "M3", "M5", "M9"]

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    status: int
    scenario: dict[str, Any]
    said: str

    def column(self, name: str) -> dict[str, tuple[str | None, str]]:
        cells = [cell for cell in self.scenario["cells"] if cell["column"] == name]
        return {cell["row"]: (cell["seen"], cell["verdict"]) for cell in sorted(cells, key=lambda one: one["row"])}

    def parts(self, column: str, row: str) -> dict[str, Any]:
        cell = next(one for one in self.scenario["cells"] if (one["column"], one["row"]) == (column, row))
        return {part["name"]: part for part in cell["parts"]}


async def judge(recorder: PlainRecorder, folder: Path, *changes: tuple[str, str]) -> Judged:
    """The shipped file, but for the addresses."""
    text = SHIPPED.read_text()
    for old, new in (
        ("rtsp://192.0.2.10:554/live", f"{recorder.rtsp}/cam0"),
        ("http://192.0.2.10", recorder.http),
        ("every_seconds: 4", "every_seconds: 2"),
        ("# cut_ms: 2000", "cut_ms: 1500"),
        *changes,
    ):
        assert old in text
        text = text.replace(old, new)
    file = folder / "driver.yaml"
    file.write_text(text)
    credentials = {"RECORDER_USER": USER, "RECORDER_PASSWORD": PASSWORD, "RECORDER_ADMIN": recorder.http}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "recorder.cli", "verify", "--driver", str(file), "--json", "--language", "en",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env={**os.environ, **credentials},
    )  # fmt: skip
    try:
        out, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.communicate()
    assert process.returncode is not None and out, errors.decode()
    (scenario,) = json.loads(out)["scenarios"]
    return Judged(status=process.returncode, scenario=scenario, said=(out + errors).decode())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def judged(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Judged, Judged]]:
    """A recorder that closes everything, and one that goes on playing back and recording; both at the same time."""
    if shutil.which("curl") is None:
        pytest.skip("needs curl")
    folder = tmp_path_factory.mktemp("driver")
    program = gst_server.build(folder)
    clip = folder / "clip.mp4"
    gst_server.make_clip(clip, seconds=90, size="320x180", rate=15, gop=15)
    async with (
        plain_recorder.running(folder / "closing", program, clip) as closing,
        plain_recorder.running(folder / "leaky", program, clip, frozenset({"playback", "recording"})) as leaky,
    ):
        without_restore = ("\n  restore: ", "\n  # restore: ")
        found = await asyncio.gather(
            judge(closing, folder / "closing"), judge(leaky, folder / "leaky", without_restore)
        )
        yield found[0], found[1]


async def test_a_recorder_that_closes_at_its_licences_end_passes_and_comes_back(judged: tuple[Judged, Judged]) -> None:
    faithful, _ = judged
    told = json.dumps(faithful.scenario, indent=1)
    assert faithful.column("before X") == dict.fromkeys(ROWS, ("works", "pass")), told
    assert faithful.column("after X") == dict.fromkeys(ROWS, ("stops", "pass")), told
    assert faithful.column("restored") == dict.fromkeys(ROWS, ("works", "pass")), told
    assert [(one["name"], one["verdict"]) for one in faithful.scenario["checks"]] == [
        ("RTSP live, open at X", "pass"),
        ("JPEG live, open at X", "pass"),
    ], told
    assert faithful.status == 0


async def test_what_is_told_of_foreign_pictures_is_that_they_decode_move_and_go_on(
    judged: tuple[Judged, Judged],
) -> None:
    faithful, _ = judged
    for name in ("RTSP live", "HLS live", "JPEG live"):
        evidence = faithful.parts("before X", "M2")[name]["evidence"]
        assert set(evidence) == {"decoded", "seconds", "moves"} and evidence["moves"] and evidence["decoded"] >= 2
    refused = {name: part["evidence"] for name, part in faithful.parts("after X", "M2").items()}
    assert refused["RTSP live"] == {"rtsp_status": 403}
    assert refused["HLS live"] == refused["control"] == refused["snapshot"] == {"status": 403}


async def test_a_recorder_that_leaves_playback_and_recording_open_turns_these_red_and_nothing_else(
    judged: tuple[Judged, Judged],
) -> None:
    _, leaky = judged
    told = json.dumps(leaky.scenario, indent=1)
    expected = {"M2": ("stops", "pass"), "M3": ("works", "fail"), "M5": ("works", "fail"), "M9": ("stops", "pass")}
    assert leaky.column("after X") == expected, told
    assert leaky.column("restored") == {}
    assert leaky.status == 1


async def test_name_and_password_are_told_to_nobody(judged: tuple[Judged, Judged]) -> None:
    for one in judged:
        assert PASSWORD not in one.said and USER not in one.said
