"""A disk that takes nothing is said wherever somebody looks: in the log, in the state of the API, on the monitor."""

import json
import logging
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gate.clock import SimulatedClock
from hdmi_out.osd.model import Mark, message, tile_label
from hdmi_out.osd.words import words_of
from hdmi_out.site_state import parse_state
from recorder.config import DeviceConfig
from recorder.segments.recorder import DISK_RETRY_SECONDS
from recorder.segments.volume import Volume
from recorder.site_state import Moment, site_state
from recorder.supervisor.table import state_table
from tests.component.segments.conftest import Opening, Site
from tests.component.segments.test_disk_trouble import FailingDisk
from tests.fakes.video import FPS, access_units

TOKYO = ZoneInfo("Asia/Tokyo")


def state_of(site: Site) -> dict[str, Any]:
    """As `/api/v1/state` and the local site tell it."""
    device = DeviceConfig(id="rec-1", data_dir=Path("data"), language="en")
    moment = Moment(now=site.clock.now(), monotonic_ns=site.clock.monotonic_ns())
    state: dict[str, Any] = json.loads(
        json.dumps(site_state(device=device, board=site.board, gate=site.gate, moment=moment, language="en"))
    )
    return state


def assert_said(site: Site, word: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> None:
    state = state_of(site)
    assert word in caplog.text, "in the log"
    assert word in state["storage"]["message"], "in the API's state"
    recording = state["cameras"][0]["recording"]
    assert (recording["phase"], recording["reason"]) == ("stopped", "disk")
    parsed, words = parse_state(json.dumps(state)), words_of("en")
    line = message(parsed, site.clock.now(), TOKYO, words, lost_seconds=None)
    assert line.title == words.storage_title and word in line.facts[0].text, "on the monitor's line"
    label = tile_label(parsed.cameras[0], words, reachable=True)
    assert (label.state, label.mark) == (words.stopped, Mark.STOPPED), "on the camera's picture"
    state["cameras"][0]["streams"]["main"] = {"phase": "stalled", "message": ""}
    capsys.readouterr()
    state_table(state)
    assert word in capsys.readouterr().out.replace("\n", ""), "in the terminal"


def assert_well(site: Site) -> None:
    state = state_of(site)
    assert state["storage"]["message"] == ""
    line = message(parse_state(json.dumps(state)), site.clock.now(), TOKYO, words_of("en"), lost_seconds=None)
    assert line.title == words_of("en").one_recording


@pytest.mark.parametrize(
    ("error", "word"),
    [(28, "No space left on device"), (30, "Read-only file system"), (5, "Input/output error"), (19, "No such device")],
    ids=["full", "read-only", "broken", "gone"],
)
async def test_a_disk_that_refuses_writes_is_said_everywhere_and_no_longer_once_it_takes_them(
    open_site: Opening,
    clock: SimulatedClock,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    error: int,
    word: str,
) -> None:
    units = access_units(14 * FPS)
    disk = FailingDisk()
    disk.error = error
    async with open_site(disk=disk) as site:
        await site.play(units[: 2 * FPS])
        disk.budget = 0
        with caplog.at_level(logging.ERROR):
            await site.play(units[2 * FPS : 4 * FPS])
            await site.until(lambda: site.state() == ("stopped", "disk"))
        assert_said(site, word, caplog, capsys)
        disk.budget = None
        await clock.advance(DISK_RETRY_SECONDS + 1)
        await site.play(units[10 * FPS :])
        await site.until(lambda: site.board.storage.message == "")
        assert_well(site)


async def test_a_full_disk_with_nothing_to_delete_is_said_everywhere(
    open_site: Opening,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(Volume, "free_bytes", lambda self: 10**6)
    with caplog.at_level(logging.ERROR):
        async with open_site(free_bytes_min=10**9) as site:
            assert_said(site, "are free and the floor of 1.0 GB cannot be kept", caplog, capsys)


async def test_a_volume_that_is_gone_is_said_everywhere(
    open_site: Opening,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    units = access_units(8 * FPS)
    async with open_site(segment_seconds=2) as site:
        await site.play(units[: 2 * FPS])
        await site.written()
        (tmp_path / "media").rename(tmp_path / "gone")
        (tmp_path / "media").mkdir()
        with caplog.at_level(logging.ERROR):
            for second in range(2, 8):
                await site.play(units[second * FPS : (second + 1) * FPS])
                await site.written()
            await site.until(lambda: site.state() == ("stopped", "disk"))
        assert_said(site, "the recording volume is gone", caplog, capsys)
