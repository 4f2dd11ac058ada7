"""`edge-recorder index`: what it finds, makes anew, copies and protects."""

import contextlib
import json
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gate import database_copy
from gate.clock import instant_of
from recorder.catalog import queries
from recorder.catalog.changes import protect
from recorder.catalog.database import Catalog
from recorder.catalog.event_changes import insert_event
from recorder.cli import main
from recorder.events.kept import Event
from recorder.maintenance.index_backup import back_up_index
from recorder.segments.volume import Volume
from tests.component.playback.test_reader import SECOND, run_of
from tests.fakes.recorded import Recorded
from tests.fakes.video import EPOCH_NS

Facts = dict[str, Any]


@pytest.fixture
def recorded(tmp_path: Path) -> Iterator[Recorded]:
    """Two runs with a licence gap between them, a third after a pause that nobody explains."""
    recorded = Recorded(tmp_path / "data", segment_seconds=3)
    recorded.write(run_of(1, 0, [15] * 9))
    recorded.gap(EPOCH_NS + 9 * SECOND, EPOCH_NS + 20 * SECOND, "licence")
    recorded.write(run_of(2, 20 * SECOND, [15] * 6))
    recorded.write(run_of(3, 40 * SECOND, [15] * 6))
    recorded.close()
    yield recorded


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Facts]:
    status = main(["index", *words, "--json"])
    out = capsys.readouterr()
    return status, json.loads(out.out) if out.out else {"error": out.err}


def event(camera: str | None, number: int) -> Event:
    start = instant_of(EPOCH_NS)
    return Event(
        number=number, camera=camera, kind="motion", source="motion", start=start, end=None, detail="", licensed=True
    )


def rows(data_dir: Path, table: str) -> list[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(data_dir / "index.db")) as db:
        return db.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3, 4").fetchall()


def test_index_and_files_that_agree_are_said_to(recorded: Recorded, capsys: pytest.CaptureFixture[str]) -> None:
    status, facts = run(capsys, "check", str(recorded.root), "--deep")
    assert status == 0 and facts["agrees"] and facts["differences"] == []
    assert facts["segments"] == facts["files"] == len(list(recorded.volume.root.rglob("*.mp4")))
    assert facts["bytes"] == sum(path.stat().st_size for path in recorded.volume.root.rglob("*.mp4"))
    assert main(["index", "check", str(recorded.root)]) == 0
    assert "index and files agree" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("kind", "deep"),
    [
        ("file_missing", False),
        ("file_unknown", False),
        ("size_differs", False),
        ("content_differs", True),
        ("volume_missing", False),
    ],
)
def test_every_kind_of_difference_is_found(
    recorded: Recorded, capsys: pytest.CaptureFixture[str], kind: str, deep: bool
) -> None:
    path = sorted(recorded.volume.root.rglob("*.mp4"))[1]
    match kind:
        case "file_missing":
            path.unlink()
        case "file_unknown":
            shutil.copy(path, path.with_name("000009-0000.mp4"))
            path = path.with_name("000009-0000.mp4")
        case "size_differs":
            with path.open("ab") as file:
                file.write(b"x")
        case "content_differs":
            data = path.read_bytes()
            path.write_bytes(data.replace(b"mdat", b"mdax", 1))
        case "volume_missing":
            path = recorded.volume.root
            (path / "volume.json").unlink()
    status, facts = run(capsys, "check", str(recorded.root), *(["--deep"] if deep else []))
    assert status == 1 and facts["counts"] == {kind: 1}
    assert facts["differences"][0]["path"] == str(path)
    if deep:
        assert run(capsys, "check", str(recorded.root))[0] == 0, "sizes alone do not show it"


def test_files_alone_give_the_index_back(recorded: Recorded, capsys: pytest.CaptureFixture[str]) -> None:
    before = {table: rows(recorded.root, table) for table in ("segment", "run", "init")}
    (recorded.root / "index.db").unlink()
    status, facts = run(capsys, "rebuild", str(recorded.root))
    assert status == 0 and facts["segments"] == len(before["segment"]) and facts["old"] is None

    def near(row: tuple[Any, ...]) -> tuple[Any, ...]:  # an end is a nanosecond off: files keep ticks
        return tuple(round(value, -4) if isinstance(value, int) and value > 10**15 else value for value in row)

    assert list(map(near, rows(recorded.root, "segment"))) == list(map(near, before["segment"]))
    assert rows(recorded.root, "run") == before["run"] and rows(recorded.root, "init") == before["init"]
    with contextlib.closing(sqlite3.connect(recorded.root / "index.db")) as db:
        gaps = queries.gaps_between(db, "cam1", "main", 0, 2**62)
    assert [gap.reason for gap in gaps] == ["camera_offline"] * 2, "files do not tell why"
    assert run(capsys, "check", str(recorded.root), "--deep")[0] == 0


def test_what_files_cannot_tell_comes_from_the_index_there_was(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    with contextlib.closing(sqlite3.connect(recorded.root / "index.db")) as db, db:
        protect(db, "cam1", EPOCH_NS, EPOCH_NS + SECOND, "case 12")
        for camera in ("cam1", None):
            insert_event(db, event(camera, 7 if camera else 8))
        db.execute("UPDATE segment SET bytes = 1")
    assert run(capsys, "check", str(recorded.root))[0] == 1
    status, facts = run(capsys, "rebuild", str(recorded.root))
    assert status == 0 and (facts["gaps_kept"], facts["gaps"]) == (1, 1)
    with contextlib.closing(sqlite3.connect(recorded.root / "index.db")) as db:
        gaps = queries.gaps_between(db, "cam1", "main", 0, 2**62)
    assert [gap.reason for gap in gaps] == ["licence", "camera_offline"]
    assert [row[4] for row in rows(recorded.root, "protect")] == ["case 12"]
    assert [row[:3] for row in rows(recorded.root, "event")] == [(7, 1, "motion"), (8, None, "motion")]
    assert Path(facts["old"]).exists() and run(capsys, "check", str(recorded.root))[0] == 0
    status, facts = run(capsys, "rebuild", str(recorded.root), "--files-only")
    assert (facts["gaps_kept"], facts["gaps"]) == (0, 2) and rows(recorded.root, "protect") == []


def test_a_torn_file_at_the_end_of_a_run_was_a_crash_and_is_left_to_recovery(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    last = sorted(recorded.volume.root.rglob("000002-*.mp4"))[-1]
    with last.open("ab") as file:
        file.write(b"\x00\x00\x10\x00moof")
    status, facts = run(capsys, "rebuild", str(recorded.root), "--files-only")
    assert status == 0 and facts["foreign"] == 0
    with contextlib.closing(sqlite3.connect(recorded.root / "index.db")) as db:
        assert [gap.reason for gap in queries.gaps_between(db, "cam1", "main", 0, 2**62)] == ["camera_offline", "crash"]
        assert [row.id.run for row in queries.segments_writing(db, 1)] == [2]


def test_a_damaged_index_is_told_as_such_and_can_be_rebuilt(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    (recorded.root / "index.db").write_bytes(b"no database " * 1000)
    status, facts = run(capsys, "check", str(recorded.root))
    assert status == 2 and "index rebuild" in facts["error"]
    assert run(capsys, "rebuild", str(recorded.root))[0] == 0
    assert run(capsys, "check", str(recorded.root), "--deep")[0] == 0


def test_files_of_others_are_left_alone(recorded: Recorded, capsys: pytest.CaptureFixture[str]) -> None:
    stranger = sorted(recorded.volume.root.rglob("*.mp4"))[0].with_name("000099-0000.mp4")
    stranger.write_bytes(b"not ours")
    status, facts = run(capsys, "rebuild", str(recorded.root))
    assert status == 0 and facts["foreign"] == 1 and stranger.read_bytes() == b"not ours"


def test_nothing_is_rebuilt_while_a_recorder_runs(recorded: Recorded, capsys: pytest.CaptureFixture[str]) -> None:
    before = (recorded.root / "index.db").read_bytes()
    volume = Volume(recorded.volume.root)
    volume.lock()
    status, facts = run(capsys, "rebuild", str(recorded.root))
    volume.unlock()
    assert status == 2 and "another recorder" in facts["error"]
    assert (recorded.root / "index.db").read_bytes() == before


def test_a_backup_is_taken_while_a_recorder_writes(
    recorded: Recorded, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    catalog = Catalog(recorded.root / "index.db")
    catalog.post(lambda db: db.execute("INSERT INTO camera (name) VALUES ('late')") and None)
    out = tmp_path / "copy.db"
    status, facts = run(capsys, "backup", str(out), "--of", str(recorded.root))
    catalog.close()
    assert status == 0 and facts["bytes"] == out.stat().st_size
    with contextlib.closing(sqlite3.connect(out)) as db:
        assert len(queries.segments_between(db, "cam1", "main", 0, 2**62)) == len(rows(recorded.root, "segment"))
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    status, facts = run(capsys, "backup", str(out), "--of", str(recorded.root))
    assert status == 2 and "there already" in facts["error"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.db", "data"]


def test_a_backup_is_of_one_moment_however_much_is_written_meanwhile(
    recorded: Recorded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_copy, "_PAGES_AT_A_TIME", 1)
    steps: list[int] = []
    with contextlib.closing(sqlite3.connect(recorded.root / "index.db", isolation_level=None)) as db:

        def write(done: int, pages: int) -> None:
            steps.append(done)
            assert len(steps) <= 2 * pages, "it began anew and anew"
            db.execute("INSERT INTO camera (name) VALUES (?)", (f"late{len(steps)}",))

        back_up_index(recorded.archive, tmp_path / "copy.db", write)
    with contextlib.closing(sqlite3.connect(tmp_path / "copy.db")) as db:
        assert steps and queries.cameras(db) == ["cam1"]


def test_footage_is_protected_and_unprotected_by_hand(recorded: Recorded, capsys: pytest.CaptureFixture[str]) -> None:
    start, end = instant_of(EPOCH_NS).isoformat(), instant_of(EPOCH_NS + 5 * SECOND).isoformat()
    place = ("--of", str(recorded.root))
    status, facts = run(capsys, "protect", "cam1", start, end, "--note", "case 12", *place)
    assert status == 0 and facts["protected"] == [{"camera": "cam1", "start": start, "end": end, "note": "case 12"}]
    assert run(capsys, "unprotect", "cam1", start, end, *place) == (0, {"protected": []})
    status, facts = run(capsys, "protect", "cam9", start, end, *place)
    assert status == 2 and "no footage of a camera 'cam9'" in facts["error"] and "cam1" in facts["error"]
    status, facts = run(capsys, "protect", "cam1", end, start, *place)
    assert status == 2 and "later" in facts["error"]


@pytest.mark.parametrize("words", [["check", "nowhere"], ["backup", "x.db", "--of", "nowhere"], ["rebuild", "nowhere"]])
def test_a_place_that_is_not_there_is_one_clear_sentence(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["index", *words]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "nowhere" in error


def test_a_time_without_its_offset_is_refused(recorded: Recorded, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["index", "protect", "cam1", "2026-01-01T00:00", "2026-01-01T01:00", "--of", str(recorded.root)])
    assert ended.value.code == 2 and "with its offset" in capsys.readouterr().err
