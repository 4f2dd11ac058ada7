"""The wall over a recorder that behaves, misbehaves, and goes away."""

import dataclasses

import pytest

from hdmi_out.compositor.canvas import Canvas
from hdmi_out.layout.screen import plan_screen
from hdmi_out.live import Source
from hdmi_out.osd.draw import draw_message
from hdmi_out.osd.model import Message, Tone
from hdmi_out.osd.palette import type_scale
from hdmi_out.osd.typeface import Typeface
from hdmi_out.views.keys import Key
from hdmi_out.views.view import Place
from tests.component.hdmi.conftest import FRAMES_PER_SECOND, RunningWall
from tests.fakes.local_site import FakeCamera, make_loop

PAUSE_MS_MAX = 1000
"""Far above three frame times: here the machine may be busy with other tests. A wall that stops is still seen."""
DENIAL = {
    "code": "EXPIRED",
    "title": "ライセンスの有効期限が切れています",
    "since": "2027-12-31T15:00:00+00:00",
    "remedy": "販売店に連絡してください。",
}


def band(running: RunningWall) -> bool:
    return bool(running.output.status()["band"])


def tone(running: RunningWall) -> Tone | None:
    message = running.screen.bar.message
    return message and message.tone


async def test_every_camera_shows_its_sub_stream(running: RunningWall, cameras: list[FakeCamera]) -> None:
    for camera in cameras:
        await running.pictures(camera.id, 10)
        assert camera.watched == {"sub"}
        assert running.camera(camera.id)["state"] == "live"
        assert running.luma(camera.id) in range(50, 190)


async def test_pictures_of_a_stream_reach_the_output_all_and_in_time(running: RunningWall) -> None:
    await running.pictures("cam1", 5)
    sent, shown = running.recorder.cameras[0].sent, running.camera("cam1")["pictures"]
    running.output.status(reset=True)
    await running.pictures("cam1", 20)
    sent, shown = running.recorder.cameras[0].sent - sent, running.camera("cam1")["pictures"] - shown
    assert shown >= sent * 0.6
    assert running.camera("cam1")["pause_ms_max"] <= PAUSE_MS_MAX


async def test_camera_without_a_sub_stream_shows_its_main_stream(
    running: RunningWall, cameras: list[FakeCamera]
) -> None:
    cameras[0].streams = ("main",)
    running.recorder.changed()
    await running.until(lambda: cameras[0].watched)
    await running.pictures("cam1", 3)
    assert cameras[0].watched == {"main"} and cameras[1].watched == {"sub"}


async def test_corrupt_picture_is_survived_and_never_shown(running: RunningWall, cameras: list[FakeCamera]) -> None:
    await running.pictures("cam1", 3)
    cameras[0].corrupt_next = 1
    await running.until(lambda: running.stream("cam1").corrupt == 1)
    assert running.luma("cam1") in range(50, 190)
    await running.pictures("cam1", 8)
    assert running.camera("cam2")["pause_ms_max"] <= PAUSE_MS_MAX


async def test_after_a_loss_nothing_is_shown_before_the_next_key_frame(
    running: RunningWall, cameras: list[FakeCamera]
) -> None:
    await running.pictures("cam1", 3)
    shown: list[int] = []
    cameras[0].lose_next = 2
    await running.until(lambda: cameras[0].lose_next == 0)
    first = cameras[0].loop.luma[0]

    def picture_after_loss() -> bool:
        shown.append(running.luma("cam1"))
        return len(set(shown)) > 1

    await running.until(picture_after_loss)
    assert abs(shown[-1] - first) <= 8 or abs(shown[-1] - cameras[0].loop.luma[15]) <= 8


async def test_stream_without_pictures_becomes_no_signal_with_its_age_and_comes_back(
    running: RunningWall, cameras: list[FakeCamera]
) -> None:
    await running.pictures("cam1", 3)
    cameras[0].playing = False
    await running.until(lambda: running.camera("cam1")["state"] == "no_signal")
    await running.until(lambda: running.luma("cam1") < 50)
    assert running.camera("cam1")["pause_ms_max"] >= 2000
    assert running.camera("cam2")["state"] == "live"
    cameras[0].playing = True
    await running.until(lambda: running.camera("cam1")["state"] == "live")
    await running.until(lambda: running.luma("cam1") > 50)


async def test_pictures_go_on_while_the_band_appears_and_goes(running: RunningWall, cameras: list[FakeCamera]) -> None:
    await running.pictures("cam1", 5)
    running.output.status(reset=True)
    streams = dict(running.site.streams)
    for camera in cameras:
        camera.denial, camera.recording = DENIAL, "stopped"
    running.recorder.changed()
    await running.until(lambda: band(running), 1)
    await running.pictures("cam2", 8)
    for camera in cameras:
        camera.denial, camera.recording = None, "recording"
    running.recorder.changed()
    await running.until(lambda: not band(running), 1)
    await running.pictures("cam2", 8)
    assert running.site.streams == streams, "a stream was opened anew"
    for camera in cameras:
        assert running.camera(camera.id)["pause_ms_max"] <= PAUSE_MS_MAX


async def test_recorder_restart_is_said_and_survived(running: RunningWall) -> None:
    await running.pictures("cam1", 3)
    await running.stop_recorder()
    await running.until(lambda: running.site.lost_seconds() is not None)
    await running.until(lambda: tone(running) is Tone.ALARM)
    await running.start_recorder()
    await running.until(lambda: running.site.lost_seconds() is None)
    await running.pictures("cam1", 3)
    await running.pictures("cam2", 3)
    assert tone(running) is not Tone.ALARM
    assert [running.camera(name)["state"] for name in running.camera_ids()] == ["live", "live"]


async def test_silent_recorder_counts_as_unreachable(running: RunningWall) -> None:
    await running.pictures("cam1", 1)
    running.recorder.silent = True
    await running.until(lambda: running.site.lost_seconds() is not None)
    await running.until(lambda: tone(running) is Tone.ALARM)
    assert running.camera_ids() == ["cam1", "cam2"], "what is known of it stays"
    running.recorder.silent = False
    await running.until(lambda: tone(running) is not Tone.ALARM)
    assert running.site.lost_seconds() is None


async def test_cameras_can_be_added_and_removed(running: RunningWall, cameras: list[FakeCamera]) -> None:
    await running.pictures("cam1", 3)
    more = [dataclasses.replace(cameras[0], id=f"more{n}", watched=set()) for n in range(4)]
    running.recorder.cameras.extend(more)
    running.recorder.changed()
    for camera in (*more, cameras[0]):
        await running.pictures(camera.id, 2)
    removed = running.recorder.cameras.pop(0)
    running.recorder.changed()
    await running.until(lambda: not removed.watched)
    assert Source("cam1", "sub") not in running.site.streams


async def test_refused_stream_says_why_on_its_card(running: RunningWall, cameras: list[FakeCamera]) -> None:
    await running.pictures("cam1", 1)
    cameras[0].refusal = {"title": "利用できません", "code": "EXPIRED"}
    await running.until(lambda: running.stream("cam1").refusal == "利用できません")
    assert running.stream("cam2").refusal == ""
    cameras[0].refusal = None
    await running.pictures("cam1", 3)
    assert running.stream("cam1").refusal == "", "said no longer than it holds"


async def test_format_may_change_within_a_connection_to_the_next(
    running: RunningWall, cameras: list[FakeCamera]
) -> None:
    await running.pictures("cam1", 3)
    await running.stop_recorder()
    cameras[0].loop = make_loop(320, 240, grey=100)
    await running.start_recorder()
    await running.pictures("cam1", 3)
    area = running.stream("cam1").box
    assert running.canvas.planes[0][area.y + area.height // 2, area.x + 2] == 16


async def test_burst_of_pictures_holds_nobody_up(running: RunningWall, cameras: list[FakeCamera]) -> None:
    await running.pictures("cam2", 3)
    running.output.status(reset=True)
    cameras[0].fps = 1000
    await running.until(lambda: cameras[0].sent > 1500)
    cameras[0].fps = 15
    assert running.camera("cam2")["pause_ms_max"] <= PAUSE_MS_MAX
    assert running.camera("cam1")["pause_ms_max"] <= PAUSE_MS_MAX


async def test_wall_speaks_the_recorders_language(running: RunningWall, face: Typeface) -> None:
    area = plan_screen(running.canvas.width, running.canvas.height).message
    expected = Canvas(running.canvas.width, running.canvas.height)
    calm = Message(tone=Tone.CALM, title="All 2 cameras recording", aside="rec-1")
    expected.lay(area.x, area.y, draw_message(calm, area, face, type_scale(expected.height)))
    window = (slice(area.y, area.bottom), slice(area.x, area.right))

    running.recorder.language = "en"
    running.recorder.changed()
    await running.until(lambda: (running.canvas.planes[0][window] == expected.planes[0][window]).all())
    assert running.output.status()["language"] == "en"


async def test_output_never_runs_faster_than_its_frame_rate(running: RunningWall) -> None:
    await running.pictures("cam1", 15)
    fps = running.output.status()["fps"]
    assert isinstance(fps, float)
    assert 3 < fps < FRAMES_PER_SECOND * 1.1


async def test_cameras_of_another_page_are_neither_fetched_nor_waited_for(
    running: RunningWall, cameras: list[FakeCamera]
) -> None:
    cameras.extend(dataclasses.replace(cameras[0], id=f"more{n}", fps=2, watched=set()) for n in range(17))
    running.recorder.changed()
    await running.until(lambda: cameras[15].watched)
    wanted = [camera.id for camera in cameras[:16]]
    await running.until(lambda: running.camera_ids() == wanted)
    assert not any(camera.watched for camera in cameras[16:])
    running.output.act(Key.NEXT)
    await running.until(lambda: all(camera.watched for camera in cameras[16:]))
    await running.until(lambda: running.camera_ids() == [camera.id for camera in cameras[16:]])
    await running.until(lambda: not any(camera.watched for camera in cameras[:16]))


@pytest.mark.parametrize("view", ["camera", "tour"])
async def test_recorder_restart_is_survived_in_other_views_too(running: RunningWall, view: str) -> None:
    await running.pictures("cam1", 2)
    running.choices.tour_seconds = 0.5
    running.output.show(Place(view=view, camera="cam1" if view == "camera" else ""))
    await running.pictures("cam1", 2)
    await running.stop_recorder()
    await running.until(lambda: running.site.lost_seconds() is not None)
    running.output.act(Key.RIGHT)
    running.output.act(Key.LEFT)
    await running.start_recorder()
    await running.until(lambda: running.site.lost_seconds() is None)
    await running.pictures("cam1", 2)
    assert running.screen.place.view == view


async def test_single_camera_shows_its_main_stream_and_on_return_the_wall_its_sub_streams(
    running: RunningWall, cameras: list[FakeCamera]
) -> None:
    await running.pictures("cam1", 2)
    running.output.show(Place(view="camera", camera="cam1"))
    await running.until(lambda: cameras[0].watched == {"main"})
    await running.until(lambda: cameras[1].watched == set())
    await running.pictures("cam1", 2)
    assert running.camera_ids() == ["cam1"]
    running.output.act(Key.BACK)
    await running.until(lambda: cameras[0].watched == cameras[1].watched == {"sub"})
    await running.pictures("cam2", 2)


async def test_single_camera_whose_main_stream_is_refused_shows_its_sub_stream(
    running: RunningWall, cameras: list[FakeCamera]
) -> None:
    await running.pictures("cam1", 2)
    cameras[0].refused_streams = ("main",)
    running.output.show(Place(view="camera", camera="cam1"))
    await running.until(lambda: Source("cam1", "main") in running.site.streams)
    await running.until(lambda: running.stream("cam1", "main").refusal != "")
    await running.pictures("cam1", 3)
    assert cameras[0].watched == {"sub"}


async def test_corrupt_pictures_of_a_single_camera_are_never_shown(
    running: RunningWall, cameras: list[FakeCamera]
) -> None:
    running.output.show(Place(view="wall", page=0))
    await running.pictures("cam1", 1)
    running.output.show(Place(view="camera", camera="cam1"))
    await running.until(lambda: cameras[0].watched == {"main"})
    await running.pictures("cam1", 2)
    cameras[0].corrupt_next = 1
    await running.until(lambda: running.stream("cam1", "main").corrupt == 1)
    assert running.luma("cam1", "main") in range(50, 190)
    await running.pictures("cam1", 5)


async def test_a_camera_that_vanishes_while_it_is_shown_alone_is_said_and_can_be_left(
    running: RunningWall, cameras: list[FakeCamera]
) -> None:
    await running.pictures("cam1", 1)
    running.output.show(Place(view="camera", camera="cam1"))
    await running.until(lambda: cameras[0].watched == {"main"})
    await running.pictures("cam1", 1)
    gone = running.recorder.cameras.pop(0)
    running.recorder.changed()
    await running.until(lambda: not gone.watched)
    await running.until(lambda: running.camera_ids() == [])
    body = running.canvas.planes[0][: running.canvas.height * 2 // 3]
    assert abs(int(body.max()) - int(body.min())) > 100, "a sentence stands there"
    assert (body > 60).mean() < 0.1, "and no stale picture"
    running.output.act(Key.BACK)
    await running.pictures("cam2", 2)


async def test_language_chosen_at_the_monitor_reaches_the_recorder(
    running: RunningWall, cameras: list[FakeCamera]
) -> None:
    await running.pictures("cam1", 1)
    running.output.act(Key.LANGUAGE)
    await running.until(lambda: running.recorder.languages[-1] == "en")
    assert running.output.status()["language"] == "en"
    await running.pictures("cam1", 2)
    assert running.camera("cam1")["pause_ms_max"] <= PAUSE_MS_MAX
