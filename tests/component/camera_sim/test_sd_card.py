"""A camera's SD card: written round and round, taken out at any moment, copied to a PC without any licence (M6)."""

import contextlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_sim.codec import H264
from camera_sim.errors import CardError
from camera_sim.marks import PictureMark, build_sei, parse_sei
from camera_sim.sd_card.card import SdCard
from camera_sim.sd_card.layout import files_of, finished_path, open_path, parse_path
from camera_sim.sd_card.recorder import FILE_SECONDS, CardPicture, CardRecorder
from recorder.cli import main
from tests.fakes.video import FPS, annex_b, decoded_pictures, probe, split_annex_b

START_MS = 1_798_761_600_000  # 2027-01-01T00:00:00Z, the first second of a minute
WIDTH, HEIGHT = 320, 180


def pictures(count: int, *, start_ms: int = START_MS, first: int = 0) -> Iterator[CardPicture]:
    """`count` pictures of FPS a second, a key picture each second, marked like those of a camera."""
    coded = annex_b(WIDTH, HEIGHT, FPS, FPS, "high", "yuv420p")
    for number in range(first, first + count):
        utc_ms = start_ms + number * 1000 // FPS
        nals = split_annex_b(coded[number % FPS])
        sets = tuple(nal for nal in nals if H264.is_parameter_set(nal))
        mark = PictureMark(
            camera="cam1", stream="main", n=number, counter=number, utc_us=utc_ms * 1000, state="idle", crc32=0
        )
        yield CardPicture(
            parameter_sets=sets,
            nals=(build_sei(mark), *(nal for nal in nals if H264.is_slice(nal))),
            decode_90k=number * 90_000 // FPS,
            shift_90k=0,
            utc_ms=utc_ms,
            codec=H264,
        )


@pytest.fixture
def card(tmp_path: Path) -> SdCard:
    made = SdCard(tmp_path / "card", "cam1", 1 << 30)
    made.insert()
    return made


def record(card: SdCard, *series: Iterator[CardPicture]) -> None:
    recorder = CardRecorder(card)
    for some in series:
        for picture in some:
            recorder.put(picture)
    recorder.close()
    assert recorder.lost_pictures == 0


def drain(recorder: CardRecorder) -> None:
    """Returns when the card's thread has taken all."""
    while recorder.queued_bytes:
        pass


def marks_of(path: Path) -> list[int]:
    """The numbers of a file's pictures, from their marks."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-c", "copy", "-f", "h264", "-"]
    stream = subprocess.run(command, capture_output=True, check=True, timeout=20).stdout
    return [mark.n for nal in split_annex_b(stream) if (mark := parse_sei(nal)) is not None]


def sd(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, dict[str, Any]]:
    status = main(["sd", *map(str, words), "--json"])
    out = capsys.readouterr()
    return status, json.loads(out.out) if out.out else {"error": out.err}


def test_every_picture_is_on_the_card_once_in_files_of_a_minute(card: SdCard) -> None:
    record(card, pictures((FILE_SECONDS + 5) * FPS, start_ms=START_MS + 30_000))
    files = card.files()
    assert [(file.start_utc_ms - START_MS, (file.end_utc_ms or 0) - START_MS) for file in files] == [
        (30_000, 60_000),
        (60_000, 95_000),
    ]
    numbers = [number for file in files for number in marks_of(card.root / file.path)]
    assert numbers == list(range((FILE_SECONDS + 5) * FPS))
    for file in files:
        assert decoded_pictures(card.root / file.path) == len(marks_of(card.root / file.path))


def test_a_group_of_pictures_is_on_the_card_as_soon_as_the_next_one_begins(card: SdCard) -> None:
    recorder = CardRecorder(card)
    for picture in pictures(2 * FPS + 1):
        recorder.put(picture)
    seen = 0
    while seen < 2 * FPS:
        with contextlib.suppress(subprocess.CalledProcessError):  # not even its head is there yet
            seen = sum(len(marks_of(path)) for path in card.root.glob("2*/*.mp4"))
        assert recorder.message == ""
    recorder.close()


def test_a_step_of_the_cameras_clock_begins_a_file(card: SdCard) -> None:
    record(card, pictures(2 * FPS), pictures(2 * FPS, first=2 * FPS, start_ms=START_MS + 7_200_000))
    assert [file.start_utc_ms - START_MS for file in card.files()] == [0, 7_202_000]


def test_the_oldest_files_make_room_for_new_ones(tmp_path: Path) -> None:
    card = SdCard(tmp_path / "card", "cam1", 600_000)
    card.insert()
    record(card, pictures(60 * FPS))
    files = card.files()
    assert len(files) > 3 and files[0].start_utc_ms > START_MS and files[-1].end_utc_ms == START_MS + 60_000
    assert sum(path.stat().st_size for path in card.root.rglob("*.mp4")) <= 600_000
    again = SdCard(tmp_path / "card", "cam1", 600_000)
    again.insert()
    assert again.used_bytes == card.used_bytes


def test_a_card_of_another_camera_is_refused_by_name(card: SdCard, tmp_path: Path) -> None:
    with pytest.raises(CardError, match=r"camera cam2: .* is the card of cam1"):
        SdCard(tmp_path / "card", "cam2", 1 << 30).insert()
    (tmp_path / "card" / "card.json").write_text("{}")
    with pytest.raises(CardError, match="no card of this simulator"):
        SdCard(tmp_path / "card", "cam1", 1 << 30).insert()


def test_a_card_taken_out_and_put_back_goes_on_with_what_was_on_it(
    card: SdCard, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = CardRecorder(card)
    for picture in pictures(2 * FPS):
        recorder.put(picture)
    drain(recorder)
    recorder.fault = "removed"
    for picture in pictures(3 * FPS, first=2 * FPS):
        recorder.put(picture)
    drain(recorder)
    assert "taken out" in recorder.message
    recorder.fault = ""
    for picture in pictures(2 * FPS, first=8 * FPS):
        recorder.put(picture)
    recorder.close()
    assert recorder.message == "" and caplog.text.count("waits") == 1
    numbers = [number for file in card.files() for number in marks_of(card.root / file.path)]
    assert numbers[-2 * FPS :] == list(range(8 * FPS, 10 * FPS)) and 4 * FPS not in numbers


def test_footage_is_exported_with_its_marks_and_a_manifest_that_can_be_checked(
    card: SdCard, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record(card, pictures(70 * FPS))
    out = tmp_path / "out"
    status, facts = sd(capsys, "export", card.root, out)
    assert status == 0 and facts["unusable"] == []
    assert [one["file"] for one in facts["files"]] == [
        "cam1/main/2027-01-01_09-00-00+0900.mp4",
        "cam1/main/2027-01-01_09-01-00+0900.mp4",
    ]
    first = out / facts["files"][0]["file"]
    assert marks_of(first) == list(range(60 * FPS)) and decoded_pictures(first) == 60 * FPS
    assert first.read_bytes()[4:8] == b"ftyp" and b"moov" in first.read_bytes()[:4096]
    assert probe(first).duration == pytest.approx(60, abs=0.1)
    assert sd(capsys, "verify", out) == (0, {"agrees": True, "differences": []})
    first.write_bytes(first.read_bytes()[:-1] + b"x")
    (out / facts["files"][1]["file"]).unlink()
    status, found = sd(capsys, "verify", out)
    assert status == 1 and [sentence.split(": ")[1] for sentence in found["differences"]] == [
        "is not what was exported",
        "is missing",
    ]
    assert sd(capsys, "export", card.root, out)[0] == 2, "nothing is overwritten"


def test_a_card_torn_out_while_it_was_written_gives_what_is_whole(
    card: SdCard, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record(card, pictures(10 * FPS))
    [file] = card.files()
    whole = (card.root / file.path).read_bytes()
    torn = card.root / open_path(file.start_utc_ms)
    torn.write_bytes(whole[: len(whole) * 2 // 3])
    (card.root / file.path).unlink()
    (card.root / open_path(file.start_utc_ms + 60_000)).write_bytes(b"\0" * 5000)
    status, facts = sd(capsys, "export", card.root, tmp_path / "out")
    assert status == 1 and len(facts["unusable"]) == 1
    [one] = facts["files"]
    numbers = marks_of(tmp_path / "out" / one["file"])
    assert 4 * FPS <= len(numbers) == one["pictures"] < 10 * FPS and numbers == list(range(len(numbers)))


def test_only_the_time_asked_for_is_exported(card: SdCard, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record(card, pictures(130 * FPS))
    span = ("--from", "2027-01-01T09:01:10+09:00", "--to", "2027-01-01T09:01:20+09:00")
    status, facts = sd(capsys, "export", card.root, tmp_path / "out", *span)
    assert status == 0 and [one["start"] for one in facts["files"]] == ["2027-01-01T00:01:00.000+00:00"]


def test_what_is_no_card_is_said_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, facts = sd(capsys, "export", tmp_path, tmp_path / "out")
    assert status == 2 and "is no SD card" in facts["error"]
    assert sd(capsys, "verify", tmp_path)[0] == 2


def test_a_manifest_cannot_name_files_elsewhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = {"format": "edge-sd-export/v1", "files": [{"file": "../secret", "sha256": "0"}]}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    status, found = sd(capsys, "verify", tmp_path)
    assert status == 1 and "outside" in found["differences"][0]


@given(st.integers(0, 4_000_000_000_000), st.none() | st.integers(0, 10**9))
def test_names_of_files_read_back(start_ms: int, length_ms: int | None) -> None:
    end_ms = None if length_ms is None else start_ms + length_ms
    path = open_path(start_ms) if end_ms is None else finished_path(start_ms, end_ms)
    file = parse_path(path)
    assert file is not None and (file.start_utc_ms, file.end_utc_ms) == (start_ms, end_ms)


@given(st.text(max_size=60))
def test_other_names_are_no_files_of_a_card(name: str) -> None:
    assert parse_path(name) is None


def test_a_card_lists_nothing_that_is_not_its_own(card: SdCard) -> None:
    record(card, pictures(FPS))
    day = next(card.root.glob("2*"))
    shutil.copy(next(day.glob("*.mp4")), day / "holiday.mp4")
    (card.root / "DCIM").mkdir()
    assert len(files_of(card.root)) == 1


def test_another_card_in_the_slot_is_noticed_and_filled_from_its_own_beginning(tmp_path: Path) -> None:
    card = SdCard(tmp_path / "card", "cam1", 1 << 30)
    recorder = CardRecorder(card)
    for picture in pictures(2 * FPS):
        recorder.put(picture)
    drain(recorder)
    card.root.rename(tmp_path / "old")
    SdCard(tmp_path / "card", "cam1", 1 << 30).insert()
    for picture in pictures(2 * FPS, first=2 * FPS, start_ms=START_MS - 86_400_000):
        recorder.put(picture)
    recorder.close()
    [file] = card.files()
    assert file.start_utc_ms == START_MS - 86_400_000 + 2_000
    assert card.used_bytes == (card.root / file.path).stat().st_size
