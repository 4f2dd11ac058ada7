"""What counts as cut at X: not before, not after, with the licence as the reason."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gate.clock import SystemClock
from gate.verify import crossing, watch
from gate.verify.crossing import check_cuts
from gate.verify.marks import Mark
from gate.verify.matrix import Expected, Row
from gate.verify.probes.answers import Answer
from gate.verify.scenario import Limits
from gate.verify.site import Site
from gate.verify.watch_download import LATE_BYTES_MAX
from gate.verify.watched import Watched

X_NS = 1_800_000_000_000_000_000
OFFSET_NS = 1_000_000_000_000
LIMITS = Limits(cut_ms=250)
UNTIL_NS = X_NS + 1_000_000_000


def video(*, last_ms: float = 10, picture_ms: float = -40, closed_ms: float = 30, **other: Any) -> Watched:
    ended: dict[str, Any] = {"close": 4403, "end": {"problem": {"code": "EXPIRED"}}} | other
    return Watched(
        name="live view of cam1",
        row="M2",
        camera="cam1",
        is_video=True,
        opened_ns=1,
        messages=90,
        last_ns=_machine_ns(last_ms),
        newest_utc_us=X_NS // 1000 + round(picture_ms * 1000),
        closed_ns=_machine_ns(closed_ms),
        **ended,
    )


def _machine_ns(ms: float) -> int:
    return X_NS - OFFSET_NS + round(ms * 1e6)


def holds(watched: Watched, expected: Expected = "stops") -> bool | None:
    (check,) = check_cuts([watched], X_NS, UNTIL_NS, OFFSET_NS, {"cam1": {watched.row: expected}}, LIMITS)
    return check.holds


def test_a_stream_whose_last_picture_is_just_before_x_and_whose_reason_is_the_licence_is_cut() -> None:
    assert holds(video()) is True


@pytest.mark.parametrize(
    "wrong",
    [
        {"picture_ms": 0},
        {"picture_ms": 66},
        {"picture_ms": -3000},
        {"last_ms": 900},
        {"close": 1006},
        {"close": None},
        {"closed_ms": -500},
        {"closed_ms": 9000},
    ],
    ids=str,
)
def test_a_stream_that_ends_too_late_too_early_or_for_another_reason_is_not(wrong: dict[str, Any]) -> None:
    assert holds(video(**wrong)) is False


def test_a_stream_without_close_codes_is_cut_when_it_ends_and_one_that_is_asked_for_when_it_is_refused() -> None:
    ended = video(close=None, end={}, ends_by="its end")
    assert holds(ended) is True
    assert holds(replace(ended, closed_ns=0)) is False
    assert holds(replace(ended, trouble="it is no JPEG")) is False
    flows = replace(ended, newest_utc_us=X_NS // 1000 + 900_000)
    assert (holds(flows, "works"), holds(replace(flows, closed_ns=0), "works")) == (False, True)
    refused = video(close=None, ends_by="a refusal", picture_ms=-2500, lag_ms_max=4000)
    assert holds(refused) is True
    assert holds(replace(refused, end={})) is False
    assert holds(replace(refused, lag_ms_max=2000)) is False


def test_a_stream_that_was_never_open_proves_nothing() -> None:
    assert holds(Watched(name="live view of cam1", row="M2", camera="cam1", is_video=True)) is None
    assert holds(replace(video(), messages=0, close=4403)) is None
    assert holds(replace(video(), newest_utc_us=0)) is None


def test_where_it_is_to_go_on_a_stream_that_was_cut_fails() -> None:
    assert holds(video(), "works") is False
    assert holds(video(close=None, closed_ms=0, picture_ms=900), "works") is True


def test_a_stream_that_stays_open_and_gives_nothing_any_more_does_not_go_on() -> None:
    assert holds(video(close=None, picture_ms=-40, last_ms=20), "works") is False
    download = replace(video(close=None, end={}), row="M5", is_video=False, ends_by="its end", closed_ns=0)
    assert holds(download, "works") is True
    assert holds(replace(download, last_ns=_machine_ns(-200)), "works") is False
    assert holds(replace(recorder_events(), close=None), "works") is True


def test_a_download_of_which_more_comes_after_x_than_buffers_hold_is_not_cut() -> None:
    download = replace(video(close=None, end={}), row="M5", is_video=False, ends_by="its end")
    assert holds(replace(download, late_bytes=LATE_BYTES_MAX)) is True
    assert holds(replace(download, late_bytes=LATE_BYTES_MAX + 1)) is False
    assert holds(replace(download, late_bytes=LATE_BYTES_MAX + 1, closed_ns=0, last_ns=_machine_ns(950)), "works")


async def test_a_stream_that_cannot_be_understood_does_not_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async def odd(*_: Any, path: str = "") -> None:
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")

    for name in ("follow_hls", "follow_stills"):
        monkeypatch.setattr(watch, name, odd)
    clock = SystemClock()
    site = SimpleNamespace(cameras=("cam1",), restream=None, clock=clock, remote=lambda path: path)
    monkeypatch.setattr(watch.Watch, "_follow", odd)
    watching = watch.Watch(cast(Site, site), None)
    monkeypatch.setattr(watch, "OPEN_SECONDS", 0.01)
    await watching.open()
    await watching.close()
    clock.close()
    assert all("UnicodeDecodeError" in one.trouble for one in watching.streams)


async def test_a_live_view_that_opens_and_stays_silent_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(crossing, "AGAIN_SECONDS", 0.05)
    clock = SystemClock()

    @contextlib.asynccontextmanager
    async def silent(*_: Any, **__: Any) -> AsyncIterator[Any]:
        async def messages() -> AsyncIterator[Any]:
            await asyncio.Event().wait()
            yield

        yield messages()

    site = SimpleNamespace(clock=clock, session=SimpleNamespace(ws_connect=silent), remote=lambda path: path)
    back = crossing.Return(cast(Site, site), {"cam1": 0})
    async with clock.timeout(20):
        await back._tasks["cam1"]
    assert back._seen_live("cam1", 0, 0, LIMITS).holds is False
    await back.close()
    clock.close()


def test_the_websocket_of_events_ends_with_its_reason_too() -> None:
    events = Watched(
        name="events", row="M8", camera=None, is_video=False, opened_ns=1, close=4403, closed_ns=_machine_ns(20)
    )
    assert holds(events) is True
    assert holds(replace(events, close=1012)) is False


def test_rows_and_cameras_that_nobody_asks_for_are_not_checked() -> None:
    assert check_cuts([video()], X_NS, UNTIL_NS, OFFSET_NS, {"cam1": {"M3": "stops"}}, LIMITS) == []
    assert check_cuts([video()], X_NS, UNTIL_NS, OFFSET_NS, {"cam2": {"M2": "stops"}}, LIMITS) == []


def test_what_is_of_no_camera_goes_on_while_one_camera_does() -> None:
    coming: dict[str, dict[Row, Expected]] = {"cam1": {"M8": "stops"}, "cam2": {"M8": "works"}}
    (cut,) = check_cuts([recorder_events()], X_NS, UNTIL_NS, OFFSET_NS, coming, LIMITS)
    (goes_on,) = check_cuts([replace(recorder_events(), close=None)], X_NS, UNTIL_NS, OFFSET_NS, coming, LIMITS)
    assert (cut.holds, goes_on.holds) == (False, True)


def recorder_events() -> Watched:
    return Watched(
        name="events", row="M8", camera=None, is_video=False, opened_ns=1, close=4403, closed_ns=_machine_ns(20)
    )


@pytest.mark.parametrize("late", ["webhook", "list", None])
async def test_what_happened_while_lapsed_may_be_told_by_nobody_later(
    late: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = [{"detail": "verify-1"}, *([{"detail": "verify-2"}] if late == "list" else [])]

    async def ask(site: Any, url: str) -> Answer:
        return Answer(status=200, body=json.dumps({"events": listed}).encode(), denial=None)

    monkeypatch.setattr(crossing, "ask", ask)
    webhook = SimpleNamespace(about=lambda token: {} if late == "webhook" and token == "verify-2" else None)
    site = SimpleNamespace(webhook=webhook, mqtt=None, mail=None, remote=lambda path: path)
    check = await crossing.check_silence(cast(Site, site), ["verify-2"])
    assert check.holds is (late is None) and check.evidence == {"told": ["verify-2"] if late else []}


@pytest.mark.parametrize(("dark_stream", "holds"), [(None, True), ("main", False), ("sub", False)])
async def test_a_picture_of_the_dark_time_in_any_stream_is_seen(
    dark_stream: str | None, holds: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SystemClock()
    asked_ns = answered_ns = X_NS + 10**9

    def marks(_: Path, camera: str, stream: str = "main") -> list[Mark]:
        after_ms = [-40, 1010, 1080] + [500] * (stream == dark_stream)
        times = sorted(X_NS // 1000 + ms * 1000 for ms in after_ms)
        return [Mark(camera=camera, number=at, counter=at, utc_us=us, state="") for at, us in enumerate(times)]

    monkeypatch.setattr(crossing, "all_marks", marks)
    site = SimpleNamespace(clock=clock, footage=tmp_path, offset_ns=0)
    back = crossing.Return(cast(Site, site), {})
    back._lapsed = {"cam1": X_NS}
    check = await back._recorded("cam1", asked_ns, answered_ns, LIMITS)
    assert check.holds is holds
    clock.close()
