"""Drivers' files: what cannot be used is refused with file, line, field, and what to do; what is said of pictures."""

import asyncio
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from unittest.mock import MagicMock

import numpy as np
import pytest

from gate.clock import SystemClock
from gate.verify.commands import verify
from gate.verify.errors import ProbeError
from gate.verify.foreign import judging
from gate.verify.foreign.driver_file import Recording, filled, load_driver
from gate.verify.foreign.hls import parse_playlist
from gate.verify.foreign.pictures import Seen
from gate.verify.foreign.product import Product
from gate.verify.foreign.recorded import probe_recording
from gate.verify.foreign.shown import MASK, shown_source
from gate.verify.foreign.streams import enough
from gate.verify.matrix import Part
from gate.verify.outcome import Witness
from gate.yaml_file import ConfigError

SHIPPED = Path(__file__).resolve().parents[3] / "configs" / "drivers" / "plain_rtsp_hls.yaml"
EXPIRY = "expiry: {expire: [expire-it]}"
LIVE = "live: {streams: [{name: live, rtsp: 'rtsp://192.0.2.1/live'}]}"


def refusal(folder: Path, *lines: str) -> str:
    file = folder / "odd.yaml"
    file.write_text("\n".join(["name: odd", *lines]))
    with pytest.raises(ConfigError) as refused:
        load_driver(file)
    return str(refused.value).removeprefix(f"{file}, ")


def test_the_shipped_file_says_all_that_a_driver_can_judge() -> None:
    assert load_driver(SHIPPED).rows == ("M2", "M3", "M5", "M9")


def test_a_driver_without_rows_or_without_an_end_of_its_licence_is_refused(tmp_path: Path) -> None:
    assert "nothing can be judged" in refusal(tmp_path, EXPIRY)
    assert refusal(tmp_path, LIVE, "expiry: {settle_seconds: 1}").startswith("line 3, expiry: say how the licence ends")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("rtsp://viewer:secret@192.0.2.1/live", "in credentials"),
        ("http://192.0.2.1/live", "rtsp://"),
        ("rtsp://192.0.2.1/{camera}", "{from} and {to}"),
        ("rtsp://192.0.2.1/{from", "{from} and {to}"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_at_its_line(tmp_path: Path, url: str, said: str) -> None:
    told = refusal(tmp_path, EXPIRY, "live:", "  streams:", f"  - {{name: live, rtsp: '{url}'}}")
    assert told.startswith("line 5, live.streams[0].rtsp: ") and said in told


def test_a_stream_has_one_way_and_a_recording_one_place(tmp_path: Path) -> None:
    two = "live: {streams: [{name: live, rtsp: 'rtsp://192.0.2.1/a', hls: 'http://192.0.2.1/b'}]}"
    assert "one address" in refusal(tmp_path, EXPIRY, two)
    assert "folder, listing or hls" in refusal(tmp_path, EXPIRY, "recording: {files: '*.ts'}")


def test_what_is_missing_to_sign_in_is_told_by_line_and_field_with_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLAIN_USER", "viewer")
    monkeypatch.delenv("PLAIN_PASSWORD", raising=False)
    (tmp_path / "open.password").write_text("secret-word")
    (tmp_path / "open.password").chmod(0o644)
    for password, said in (
        ("{env: PLAIN_PASSWORD}", "PLAIN_PASSWORD is not set"),
        ("{file: open.password}", "others can read"),
        ("{file: none.password}", "No such file"),
    ):
        file = tmp_path / "driver.yaml"
        credentials = f"credentials:\n  user: {{env: PLAIN_USER}}\n  password: {password}"
        file.write_text("\n".join(["name: plain", EXPIRY, LIVE, credentials]))
        assert verify(["--driver", str(file), "--language", "en"]) == 2
        told = capsys.readouterr().err
        assert f"{file}, line 6, credentials.password: " in told and said in told and "secret-word" not in told


def test_a_range_stands_in_an_address_in_any_form() -> None:
    start, end = datetime(2027, 1, 31, 5, tzinfo=UTC), datetime(2027, 1, 31, 5, 0, 5, tzinfo=UTC)
    assert filled("http://a/?f={from}&t={to:%H%M%S}", start, end) == "http://a/?f=2027-01-31T05:00:00Z&t=050005"


def test_a_playlist_names_its_pieces_with_their_init_sections() -> None:
    text = (
        '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-MAP:URI="i.mp4"\n#EXTINF:2,\na.m4s\nb.m4s\n'
    )
    found = parse_playlist(text, "http://a/live/index.m3u8")
    assert found.pieces == [(f"http://a/live/{name}.m4s", "http://a/live/i.mp4") for name in "ab"]
    assert (found.sequence, found.next_sequence, found.target_seconds) == (7, 9, 2.0)
    variants = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlow.m3u8\n"
    assert parse_playlist(variants, "http://a/x.m3u8").variant == "http://a/low.m3u8"


@pytest.mark.parametrize("text", ["<html>sign in</html>", "", '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="k"\na.ts\n'])
def test_what_cannot_be_read_as_a_playlist_proves_nothing(text: str) -> None:
    with pytest.raises(ProbeError):
        parse_playlist(text, "http://a/x.m3u8")


def test_a_picture_that_never_changes_is_no_live_view() -> None:
    still, moving = Seen(), Seen()
    card = np.full((180, 320), 90, np.uint8)
    for number in range(30):
        still.add(card, number / 15)
        card_with_a_clock = card.copy()
        card_with_a_clock[4:20, 4 + number : 30 + number] = 255
        moving.add(card_with_a_clock, number / 15)
    assert (enough(still), enough(moving)) == (False, True)


def test_pictures_whose_times_stand_still_are_none_either() -> None:
    seen = Seen()
    for number in range(30):
        seen.add(np.full((180, 320), number * 8, np.uint8), 4.0)
    assert seen.moves and not enough(seen)


async def test_a_place_without_any_recording_does_not_prove_that_nothing_is_recorded(tmp_path: Path) -> None:
    recording = Recording.model_validate({"folder": tmp_path, "every_seconds": 1})
    clock = SystemClock()
    product = cast(Product, SimpleNamespace(clock=clock, driver=SimpleNamespace(recording=recording)))
    with pytest.raises(ProbeError, match="no recording is seen"):
        await probe_recording(product)
    clock.close()


async def test_a_file_made_at_its_full_size_before_is_seen_to_be_written(tmp_path: Path) -> None:
    (tmp_path / "1.mp4").write_bytes(bytes(1000))
    os.utime(tmp_path / "1.mp4", ns=(1, 1))
    recording = Recording.model_validate({"folder": tmp_path, "every_seconds": 60})
    clock = SystemClock()
    product = cast(Product, SimpleNamespace(clock=clock, driver=SimpleNamespace(recording=recording)))
    looking = asyncio.create_task(probe_recording(product))
    while not looking.done():
        (tmp_path / "1.mp4").write_bytes(bytes(1000))
        await clock.sleep(0.05)
    with pytest.raises(ProbeError, match="something is written"):
        await looking
    clock.close()


@pytest.mark.parametrize(("status", "verdict"), [(401, "not run"), (403, "pass")])
async def test_where_nothing_was_ever_seen_to_work_a_refused_sign_in_proves_nothing(
    status: int, verdict: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(*_: object) -> list[Part]:
        return [Part(name="live", works=False, evidence={"rtsp_status": status})]

    monkeypatch.setattr(judging, "probe", refused)
    file = tmp_path / "driver.yaml"
    file.write_text("\n".join(["name: odd", "expiry: {at: '2020-01-01T00:00+09:00'}", LIVE]))
    outcome = await judging.judge_product(load_driver(file), file, cast(Witness, MagicMock()))
    assert [cell.verdict for cell in outcome.cells] == [verdict]


async def test_an_expiry_command_that_fails_is_told_and_no_stream_is_left_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Event()

    async def follow(_: object, __: str, stop: threading.Event, on_picture: Callable[[int], None]) -> None:
        def read() -> None:
            on_picture(1)
            stop.wait(20)
            ended.set()

        await asyncio.to_thread(read)

    async def nothing(*_: object) -> list[Part]:
        return [Part(name="live", works=True)]

    monkeypatch.setattr(judging, "follow_rtsp", follow)
    monkeypatch.setattr(judging, "probe", nothing)
    file = tmp_path / "driver.yaml"
    file.write_text("\n".join(["name: odd", "expiry: {expire: ['false']}", LIVE]))
    outcome = await judging.judge_product(load_driver(file), file, cast(Witness, MagicMock()))
    assert "false ended with status 1" in outcome.trouble and not outcome.passed
    assert [cell.verdict for cell in outcome.cells] == ["pass", "not run"]
    assert await asyncio.to_thread(ended.wait, 15)


def test_a_token_in_a_drivers_file_does_not_stand_in_its_report() -> None:
    source = f"""
name: odd  # of the shelf
{EXPIRY}
credentials: {{user: {{env: A_USER}}, password: {{env: A_PASSWORD}}}}
# headers: {{Authorization: Bearer hush-0}}
live:
  streams: [{{name: live, hls: 'http://192.0.2.1/live.m3u8?a=1&access_token=hush-1&b=2'}}]
  control: {{url: http://192.0.2.1/x, body: {{token: hush-2, n: 3}}, headers: {{X-Odd: "hush-3", Accept: text/plain}}}}
"""
    shown = shown_source(source)
    assert "hush" not in shown and "text/plain" not in shown
    assert shown.count(MASK) == 5
    for kept in ("# of the shelf", "{env: A_PASSWORD}", "?a=1&access_token=", "&b=2", "n: 3", "headers: {X-Odd: "):
        assert kept in shown


def test_the_shipped_file_is_shown_as_it_is() -> None:
    source = SHIPPED.read_text(encoding="utf-8")
    assert shown_source(source) == source
