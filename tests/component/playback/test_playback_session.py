"""The cursor in the past on the local site: what it shows, what it says is missing, and that it goes on when lapsed."""

import json
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest
from aiohttp import WSMsgType

from gate.clock import instant_of
from gate.licence.profile import PROFILES
from recorder.media.access_unit import AccessUnit
from tests.component.playback.conftest import Viewer, past_site, second
from tests.fakes.marked import marked_run, renumbered
from tests.fakes.video import EPOCH_NS, FPS

PICTURES = 4 * FPS
ALL = [*range(PICTURES), *range(1000, 1000 + PICTURES)]
KEYS = ALL[::FPS]


def two_runs(b_frames: int = 0) -> list[list[AccessUnit]]:
    run = marked_run(PICTURES, FPS, b_frames)
    return [list(run), renumbered(run, 6, 2, 1000)]


def gaps(viewer: Viewer) -> list[tuple[float, float, str]]:
    """What it was told of: seconds after EPOCH."""
    return [(seconds_of(gap["start"]), seconds_of(gap["end"]), gap["reason"]) for gap in viewer.told("gap")]


def seconds_of(instant: str) -> float:
    return round((datetime.fromisoformat(instant) - instant_of(EPOCH_NS)).total_seconds(), 2)


@pytest.mark.parametrize("b_frames", [0, 2])
async def test_it_seeks_steps_and_plays_every_picture_although_the_licence_has_lapsed(
    tmp_path: Path, b_frames: int
) -> None:
    async with past_site(tmp_path, two_runs(b_frames)) as past, past.viewer() as viewer:
        assert await viewer.picture(seek={"at": second(2.5)}) == 37
        assert [await viewer.picture(step=1) for _ in range(9)] == [*range(38, 47)]
        assert [await viewer.picture(step=-1) for _ in range(3)] == [45, 44, 43]
        viewer.shown.clear()
        answer = await viewer.say(play={"rate": 4})
        assert answer["at"]["rate"] == 4 and answer["at"]["pictures"] == "all"
        await viewer.until(lambda text: "end_of_footage" in text)
        assert sorted(viewer.shown) == [number for number in ALL if number > 43]
        assert gaps(viewer) == [(4, 6, "disk")]
        assert viewer.told("end_of_footage") == [{"edge": "newest"}]
        labels = [header.label_us for header in viewer.headers if not header.hidden]
        assert len(set(labels)) == len(labels) and (b_frames or labels == sorted(labels))
        assert await viewer.picture(pause={}) == 1000 + PICTURES - 1


async def test_what_is_sent_for_a_still_is_all_that_a_decoder_needs(tmp_path: Path) -> None:
    async with past_site(tmp_path, two_runs(2)) as past:
        wanted = second(3.49)
        async with past.http.ws_connect("/v1/cameras/cam1/playback") as ws:
            await ws.send_str(json.dumps({"seek": {"at": wanted}}))
            hello = (await ws.receive_json())["hello"]
            assert (hello["codec"], hello["width"], hello["height"]) == ("h264", 128, 72)
        async with past.viewer() as viewer:
            assert await viewer.picture(seek={"at": wanted}) == 52
            assert viewer.hidden[0] == 45 and viewer.headers[0].key and not viewer.shown


async def test_fast_forward_and_backward_show_key_pictures_in_strict_order(tmp_path: Path) -> None:
    async with past_site(tmp_path, two_runs()) as past, past.viewer() as viewer:
        await viewer.say(seek={"at": second(0.3)})
        answer = await viewer.say(play={"rate": 8})
        assert answer["at"]["pictures"] == "keys"
        await viewer.until(lambda text: "end_of_footage" in text)
        assert viewer.shown == KEYS[1:]
        viewer.shown.clear()
        await viewer.say(play={"rate": -8})
        await viewer.until(lambda text: "end_of_footage" in text)
        assert viewer.shown == KEYS[-2::-1]
        labels = [header.label_us for header in viewer.headers[-len(viewer.shown) :]]
        assert all(later < earlier for earlier, later in pairwise(labels))
        assert [gap["reason"] for gap in viewer.told("gap")] == ["disk", "disk"]
        assert viewer.told("end_of_footage") == [{"edge": "newest"}, {"edge": "oldest"}]


async def test_pictures_come_when_they_are_due(tmp_path: Path) -> None:
    async with past_site(tmp_path, two_runs()) as past, past.viewer() as viewer:
        await viewer.say(seek={"at": second(0)})
        await viewer.say(play={"rate": 2})
        begun_ns = past.clock.monotonic_ns()
        while len(viewer.shown) < 16:
            await viewer.take()
        assert (past.clock.monotonic_ns() - begun_ns) / 1e9 >= 14 / FPS / 2


async def test_a_pause_is_where_the_viewer_is_and_a_step_begins_there(tmp_path: Path) -> None:
    async with past_site(tmp_path, two_runs(2)) as past, past.viewer() as viewer:
        await viewer.say(seek={"at": second(1)})
        await viewer.say(play={"rate": 4})
        while len(viewer.shown) < 20:
            await viewer.take()
        assert await viewer.picture(pause={"at": second(1.5001)}) == 22
        assert await viewer.picture(step=1) == 23
        assert await viewer.picture(step=-1) == 22


async def test_playing_goes_on_from_where_it_is_sought_to_and_at_another_rate(tmp_path: Path) -> None:
    async with past_site(tmp_path, two_runs()) as past, past.viewer() as viewer:
        await viewer.say(play={"rate": 1})  # without a time: the newest picture
        assert viewer.by_label[viewer.told("at")[-1]["label"]] == 1000 + PICTURES - 1
        await viewer.until(lambda text: "end_of_footage" in text)
        answer = await viewer.say(seek={"at": second(1)})
        assert answer["at"]["rate"] == 0
        await viewer.say(play={"rate": 1})
        answer = await viewer.say(seek={"at": second(2)})
        assert answer["at"]["rate"] == 1
        viewer.shown.clear()
        await viewer.take()
        await viewer.say(play={"rate": 4})
        while len(viewer.shown) < 6:
            await viewer.take()
        assert viewer.shown == [*range(31, 31 + len(viewer.shown))]


async def test_a_time_without_footage_is_said_with_its_reason(tmp_path: Path) -> None:
    async with past_site(tmp_path, two_runs()) as past, past.viewer() as viewer:
        assert await viewer.picture(seek={"at": second(5)}) == PICTURES - 1
        assert gaps(viewer) == [(4, 6, "disk")]
        assert await viewer.picture(seek={"at": second(-60)}) == 0
        assert viewer.told("end_of_footage") == [{"edge": "oldest"}]
        assert await viewer.picture(step=-1) == 0
        assert await viewer.picture(seek={"at": second(1e6)}) == 1000 + PICTURES - 1
        async with past.viewer("cam2") as other:
            answer = await other.say(seek={"at": second(0)})
            assert answer["at"]["label"] is None and other.told("end_of_footage") == [{"edge": "empty"}]


async def test_a_segment_that_goes_while_it_is_played_is_said_and_playing_goes_on(tmp_path: Path) -> None:
    async with past_site(tmp_path, two_runs(), segment_seconds=2) as past, past.viewer() as viewer:
        await viewer.say(seek={"at": second(0)})
        for path in sorted(past.recorded.volume.root.rglob("000001-*.mp4"))[1:2]:
            path.unlink()
        await viewer.say(play={"rate": 4})
        await viewer.until(lambda text: "end_of_footage" in text)
        left_out = viewer.told("unreadable")
        assert len(left_out) == 1 and second(1) <= left_out[0]["start"] < left_out[0]["end"]
        assert set(viewer.shown) < set(ALL) and viewer.shown[-1] == ALL[-1]
        assert viewer.shown == sorted(viewer.shown)


async def test_a_broken_fragment_is_said_and_playing_goes_on_behind_it(tmp_path: Path) -> None:
    async with past_site(tmp_path, two_runs()[:1], segment_seconds=60) as past, past.viewer() as viewer:
        (path,) = past.recorded.volume.root.rglob("*.mp4")
        data = bytearray(path.read_bytes())
        third = [at for at in range(len(data)) if data[at : at + 4] == b"moof"][2]
        data[third + 8 : third + 40] = bytes(32)
        path.write_bytes(data)
        await viewer.say(seek={"at": second(0)})
        await viewer.say(play={"rate": 4})
        await viewer.until(lambda text: "end_of_footage" in text)
        assert viewer.shown == [*range(1, 30), *range(45, PICTURES)]
        (left_out,) = viewer.told("unreadable")
        assert (seconds_of(left_out["start"]), seconds_of(left_out["end"])) == (2, 3)


async def test_a_viewer_that_cannot_keep_up_loses_pictures_up_to_a_key_and_is_told(tmp_path: Path) -> None:
    async with past_site(tmp_path, two_runs()) as past, past.viewer() as viewer:
        await viewer.say(seek={"at": second(0)})
        await viewer.say(play={"rate": 1})
        while not viewer.shown:
            await viewer.take()
        past.clock.ahead_ns = 3 * 10**9
        await viewer.until(lambda text: "dropped" in text)
        while viewer.shown[-1] < FPS:
            await viewer.take()
        assert viewer.shown[-1] == FPS, "it goes on with a key picture"
        assert viewer.told("dropped") == [{"frames": FPS - 1 - viewer.shown[-2]}]


async def test_nonsense_is_refused_and_the_session_goes_on(tmp_path: Path) -> None:
    nonsense = ("", "[]", "{}", '{"seek": {"at": "noon"}}', '{"play": {"rate": 3}}', '{"play": {"rate": true}}')
    more = ('{"step": 2}', '{"pause": {"at": 1}}', '{"seek": 1, "step": 1}', '{"step": 1, "number": -1}', "[" * 4000)
    async with past_site(tmp_path, two_runs()) as past, past.viewer() as viewer:
        for text in (*nonsense, *more):
            await viewer.ws.send_str(text)
            await viewer.until(lambda told: "refused" in told)
        assert await viewer.picture(seek={"at": second(1)}) == 15


async def test_of_many_seeks_the_last_is_shown_and_others_may_be_left_out(tmp_path: Path) -> None:
    async with past_site(tmp_path, two_runs()) as past, past.viewer() as viewer:
        for tenth in range(40):
            await viewer.ws.send_str(json.dumps({"seek": {"at": second(tenth / 20)}}))
        assert await viewer.picture(seek={"at": second(3)}) == 45
        assert not viewer.told("refused")


async def test_a_camera_that_is_taken_out_ends_the_session_and_says_so(tmp_path: Path) -> None:
    async with past_site(tmp_path, two_runs()) as past:
        async with past.viewer() as viewer:
            await viewer.say(seek={"at": second(1)})
            await viewer.say(play={"rate": 1})
            past.site.board.cameras.pop("cam1")
            past.site.board.changed()
            end = await viewer.until(lambda text: "end" in text)
            assert end["end"]["problem"]["code"] == "camera_unknown"
            assert (await viewer.ws.receive()).type is WSMsgType.CLOSE and viewer.ws.close_code == 4404
        async with past.viewer() as viewer:
            assert (await viewer.until(lambda text: "end" in text))["end"]["problem"]["code"] == "camera_unknown"


async def test_where_a_profile_stops_it_the_session_is_cut_at_once(tmp_path: Path) -> None:
    strict = next(one for one in PROFILES.values() if "hdmi_playback" not in {f.value for f in one.continues})
    async with past_site(tmp_path, two_runs()) as past:
        past.site.gate._profile = strict  # the site is served already
        async with past.viewer() as viewer:
            end = await viewer.until(lambda text: "end" in text)
        assert end["end"]["problem"]["feature"] == "hdmi_playback" and viewer.ws.close_code == 4403
        for path in ("timeline", "days"):
            async with past.http.get(f"/v1/cameras/cam1/{path}") as answer:
                assert answer.status == 403
