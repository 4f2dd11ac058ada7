"""`record` of a camera, as people write it: short and long forms, and what is said of anything else."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gate.yaml_file import ConfigError, load
from hdmi_out.osd.model import Mark, tile_label
from hdmi_out.osd.words import words_of
from hdmi_out.site_state import Camera, Recording
from recorder.config import RecorderConfig
from recorder.record_settings import RecordSettings
from recorder.supervisor.table import recording_line

FILE = """\
device: {id: rec-1, data_dir: data}
licence: {path: licence.json, root_key: root.pub}
local: {socket: rec.sock}
cameras:
  - id: cam1
    main: {url: "rtsp://192.0.2.1/main"}
    record: %s
"""


def read(tmp_path: Path, record: str) -> RecordSettings:
    path = tmp_path / "recorder.yaml"
    path.write_text(FILE % record)
    return load(path, RecorderConfig).cameras[0].record


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("continuous", RecordSettings()),
        ("event", RecordSettings(mode="event")),
        ("off", RecordSettings(mode="off")),
        ("{mode: off}", RecordSettings(mode="off")),
        (
            "{mode: event, pre_event_seconds: 5, post_event_seconds: 60}",
            RecordSettings(mode="event", pre_event_seconds=5, post_event_seconds=60),
        ),
        (
            "{mode: schedule, schedule: mon-fri 08:00-18:00}",
            RecordSettings(mode="schedule", schedule=("mon-fri 08:00-18:00",)),
        ),
        (
            '{mode: schedule, schedule: [mon-fri 08:00-18:00, "sat,sun 22:00-06:00"]}',
            RecordSettings(mode="schedule", schedule=("mon-fri 08:00-18:00", "sat,sun 22:00-06:00")),
        ),
        ("{schedule: daily 00:00-24:00}", RecordSettings(schedule=("daily 00:00-24:00",))),
    ],
)
def test_it_is_read_from_the_configuration(tmp_path: Path, text: str, settings: RecordSettings) -> None:
    assert read(tmp_path, text) == settings


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("never", "line 7, cameras[0].record.mode: input should be 'continuous', 'event', 'schedule' or 'off'"),
        ("on", "line 7, cameras[0].record.mode: "),
        ("schedule", "line 7, cameras[0].record: the mode schedule needs a schedule"),
        ("{mode: event, pre_event_seconds: 61}", "line 7, cameras[0].record.pre_event_seconds: "),
        ("{mode: event, post_event_seconds: 0}", "line 7, cameras[0].record.post_event_seconds: "),
        ("{mode: event, seconds: 5}", "line 7, cameras[0].record.seconds: there is no such field"),
        (
            "\n      mode: schedule\n      schedule:\n        - monday 08:00-18:00",
            "line 10, cameras[0].record.schedule[0]",
        ),
    ],
)
def test_anything_else_is_refused_with_its_line_and_field(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert sentence in str(caught.value)


def test_the_storages_pre_event_time_counts_where_a_camera_has_none() -> None:
    zone = ZoneInfo("Asia/Tokyo")
    assert RecordSettings(mode="event").recording_mode(zone, 7).pre_event_seconds == 7
    assert RecordSettings(mode="event", pre_event_seconds=0).recording_mode(zone, 7).pre_event_seconds == 0


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize(("phase", "reason"), [("waiting", "event_mode"), ("stopped", "schedule"), ("stopped", "off")])
def test_the_monitor_tells_choices_from_faults(language: str, phase: str, reason: str) -> None:
    words = words_of(language)
    label = tile_label(Camera(id="cam1", recording=Recording(phase=phase, reason=reason)), words, reachable=True)
    assert label.state == words.by_choice[reason] and label.mark is Mark.WAITING
    fault = tile_label(Camera(id="cam1", recording=Recording(phase="stopped", reason="disk")), words, reachable=True)
    assert (fault.state, fault.mark) == (words.stopped, Mark.STOPPED)


def test_a_terminal_reads_how_and_whether_a_camera_is_recorded() -> None:
    told = {"camera": "cam1", "pre_event_seconds": None, "post_event_seconds": 30.0, "schedule": ["sat 10:00-14:00"]}
    event = recording_line({**told, "mode": "event", "phase": "waiting", "reason": "event_mode"})
    assert event == "cam1: event (from the usual time before to 30 s after); now waiting: event_mode"
    schedule = recording_line({**told, "mode": "schedule", "phase": "recording", "reason": None})
    assert schedule == "cam1: schedule (sat 10:00-14:00); now recording"
