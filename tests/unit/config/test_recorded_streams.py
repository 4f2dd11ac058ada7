"""Which streams of a camera are recorded, as people write it."""

from typing import Any

import pytest
from pydantic import ValidationError

from recorder.config import CameraConfig

MAIN = {"url": "rtsp://192.0.2.10/main"}


def camera(**fields: Any) -> CameraConfig:
    return CameraConfig.model_validate({"id": "cam1", "main": MAIN, "sub": MAIN, **fields})


@pytest.mark.parametrize(
    ("record", "mode", "streams"),
    [
        (None, "continuous", ("main",)),
        ("event", "event", ("main",)),
        (False, "off", ("main",)),
        (["main"], "continuous", ("main",)),
        (["main", "sub"], "continuous", ("main", "sub")),
        ({"mode": "event", "streams": ["main", "sub"]}, "event", ("main", "sub")),
    ],
)
def test_a_list_or_a_field_says_which_streams_are_recorded(record: Any, mode: str, streams: tuple[str, ...]) -> None:
    config = camera() if record is None else camera(record=record)
    assert (config.record.mode, config.record_streams) == (mode, streams)


@pytest.mark.parametrize(
    "record", [["sub"], [], ["main", "main"], ["main", "other"], {"mode": "event", "streams": ["sub"]}]
)
def test_the_main_stream_is_always_recorded_and_each_once(record: Any) -> None:
    with pytest.raises(ValidationError):
        camera(record=record)


def test_a_sub_stream_that_is_not_there_cannot_be_recorded() -> None:
    with pytest.raises(ValidationError, match="no sub stream"):
        CameraConfig.model_validate({"id": "cam1", "main": MAIN, "record": ["main", "sub"]})
