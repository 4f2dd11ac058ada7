"""Exports as work: cut with the licence and begun again, crash-safe, within their bounds of room, number and age."""

import asyncio
import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from recorder.config import ExportsConfig
from recorder.exports import making, source
from recorder.exports.errors import NoRoomError
from recorder.exports.work import ExportWork
from tests.component.exports.exporting import Exporting, new_exporter, new_exporting, running
from tests.fakes.ending import ends_when_cancelled
from tests.fakes.video import FPS


async def test_a_licence_that_ends_stops_an_export_leaves_nothing_of_it_and_begins_it_again(
    exporting: Exporting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "STEP_BYTES", 2000)
    export = await exporting.order(0, 26)
    await exporting.until(lambda: 0 < export.done_bytes < export.planned_bytes, flowing=False)
    assert any(name.endswith(".part") for name in exporting.left_behind())
    exporting.entitle(50)
    await exporting.until(lambda: export.state == "waiting")
    await exporting.until(lambda: exporting.left_behind() == [])
    assert export.denial is not None
    assert (export.denial.code.value, export.restarts, export.done_bytes) == ("EXPIRED", 1, 0)
    monkeypatch.undo()
    exporting.entitle(10_000)
    await exporting.until(lambda: export.over)
    assert (export.state, len(export.files)) == ("done", 2)


async def test_a_licence_that_ends_by_itself_stops_an_export_of_any_of_its_cameras(
    exporting: Exporting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "STEP_BYTES", 500)
    exporting.seq += 1
    exporting.entitle(101, "cam1")
    refused = await exporting.order(0, 5, "cam1", "cam2")
    alone = await exporting.order(0, 26)
    await exporting.until(lambda: alone.done_bytes > 0, flowing=False)
    await exporting.clock.advance(1.5)
    await exporting.until(lambda: alone.state == "waiting")
    assert refused.state == "waiting"
    await exporting.until(lambda: exporting.left_behind() == [])


async def test_what_waits_is_made_in_order_and_one_may_be_cancelled_at_any_time(
    exporting: Exporting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "STEP_BYTES", 2000)
    first, second, third = [await exporting.order(0, 9) for _ in range(3)]
    await exporting.until(lambda: first.done_bytes > 0, flowing=False)
    assert await exporting.exporter.remove(first.order.id)
    assert await exporting.exporter.remove(third.order.id)
    assert not await exporting.exporter.remove(third.order.id)
    await exporting.until(lambda: second.over)
    assert [export.order.id for export in exporting.exporter.all()] == [second.order.id]
    assert second.state == "done"
    assert {name.split("/")[0] for name in exporting.left_behind()} == {second.order.id}


async def test_the_floor_of_the_disk_stops_an_export_and_nothing_is_left(exporting: Exporting) -> None:
    free = 10_000_000
    exporter = new_exporter(
        exporting.data_dir, exporting.gate, exporting.clock, exporting.config, lambda _: free, floor=9_998_000
    )
    exporting.exporter = exporter
    async with running(exporter):
        export = await exporting.made(0, 26)
        assert (export.state, export.problem) == ("failed", "export_disk_full")
        await exporting.until(lambda: exporting.left_behind() == [])


@pytest.mark.parametrize(("number", "code"), [(errno.ENOSPC, "export_disk_full"), (errno.EIO, "export_disk_failed")])
async def test_a_disk_that_refuses_fails_the_export_and_nothing_is_left(
    exporting: Exporting, monkeypatch: pytest.MonkeyPatch, number: int, code: str
) -> None:
    def refuse(fd: int, data: bytes) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(making.os, "write", refuse)
    export = await exporting.made(0, 9)
    monkeypatch.undo()
    assert (export.state, export.problem) == ("failed", code)
    await exporting.until(lambda: exporting.left_behind() == [])
    assert (await exporting.made(0, 9)).state == "done"


async def test_footage_that_goes_while_it_is_copied_is_planned_once_more(
    exporting: Exporting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "STEP_BYTES", 2000)
    export = await exporting.order(0, 26)
    await exporting.until(lambda: export.done_bytes > 0, flowing=False)
    doomed = sorted((exporting.data_dir / "media").rglob("*.mp4"))[2]
    doomed.unlink()
    await exporting.until(lambda: export.over)
    assert export.state == "done"
    assert sum(file.pictures for file in export.files) < 15 * 15


async def test_a_new_process_removes_what_is_half_and_makes_it_again(
    exporting: Exporting, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = await exporting.made(0, 5)
    monkeypatch.setattr(making, "STEP_BYTES", 2000)
    half = await exporting.order(0, 26)
    await exporting.until(lambda: half.done_bytes > 0, flowing=False)
    kept = _copied(exporting.data_dir / "exports", exporting.data_dir / "killed")  # as a kill leaves it
    assert any(path.suffix == ".part" for path in kept.rglob("*"))
    monkeypatch.undo()
    await exporting.exporter.remove(half.order.id)
    (exporting.data_dir / "exports").rename(exporting.data_dir / "old")
    kept.rename(exporting.data_dir / "exports")
    exporting.exporter = new_exporter(exporting.data_dir, exporting.gate, exporting.clock, exporting.config)
    async with running(exporting.exporter):
        found = {export.order.id: export for export in exporting.exporter.all()}
        assert not any(name.endswith(".part") for name in exporting.left_behind())
        assert found[done.order.id].files == done.files
        await exporting.until(lambda: found[half.order.id].over)
        assert found[half.order.id].state == "done"


def _copied(folder: Path, to: Path) -> Path:
    for path in folder.rglob("*"):
        if path.is_file():
            (to / path.relative_to(folder)).parent.mkdir(parents=True, exist_ok=True)
            (to / path.relative_to(folder)).write_bytes(path.read_bytes())
    return to


async def test_finished_ones_whose_files_are_gone_are_failed_at_the_next_start(exporting: Exporting) -> None:
    done = await exporting.made(0, 5)
    exporting.paths(done)[0].unlink()
    exporting.exporter = new_exporter(exporting.data_dir, exporting.gate, exporting.clock, exporting.config)
    async with running(exporting.exporter):
        (found,) = exporting.exporter.all()
        assert (found.state, found.problem, found.files) == ("failed", "export_lost", ())


async def test_number_age_and_room_are_bounded_and_what_expires_is_counted(exporting: Exporting) -> None:
    config = ExportsConfig(count_max=2, days_max=1, bytes_max=10_000_000)
    exporting.exporter = new_exporter(exporting.data_dir, exporting.gate, exporting.clock, config)
    async with running(exporting.exporter):
        first, second = await exporting.made(0, 1), await exporting.made(0, 1)
        third = await exporting.made(0, 1)
        assert {export.order.id for export in exporting.exporter.all()} == {second.order.id, third.order.id}
        assert exporting.exporter.expired.count == 1
        await exporting.until(lambda: not (exporting.data_dir / "exports" / first.order.id).exists())
        exporting.entitle(10**9)
        await exporting.clock.advance(86_400 * 1.1)
        await exporting.until(lambda: exporting.exporter.all() == [])
        assert exporting.exporter.expired.age == 2
        await exporting.until(lambda: list((exporting.data_dir / "exports").iterdir()) == [])


async def test_what_does_not_fit_beside_the_others_is_refused(exporting: Exporting) -> None:
    first = await exporting.made(0, 26)
    config = ExportsConfig.model_construct(bytes_max=first.size + 1000, count_max=20, days_max=7.0)
    exporting.exporter = new_exporter(exporting.data_dir, exporting.gate, exporting.clock, config)
    async with running(exporting.exporter):
        second = await exporting.made(0, 9)
        assert (second.state, second.problem) == ("failed", "exports_full")
        await exporting.exporter.remove(first.order.id)
        assert (await exporting.made(0, 9)).state == "done"


async def test_an_export_of_a_camera_that_was_taken_out_fails_alone(exporting: Exporting) -> None:
    exporting.entitle(10_000, "cam1", "cam2", "gone")  # its licence runs on
    gone = await exporting.order(0, 5, "gone")
    after = await exporting.order(0, 5)
    await exporting.until(lambda: after.over)
    assert (after.state, gone.state, gone.problem) == ("done", "failed", "camera_unknown")


async def test_no_more_wait_than_may_however_many_are_asked_for_at_once(exporting: Exporting) -> None:
    config = ExportsConfig(count_max=2)
    exporting.exporter = new_exporter(exporting.data_dir, exporting.gate, exporting.clock, config)
    await exporting.exporter.open()
    asked = await asyncio.gather(*(exporting.order(0, 5) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(one, NoRoomError) for one in asked) == 3
    assert len(exporting.exporter.all()) == len(list((exporting.data_dir / "exports").iterdir())) == 2
    exporting.exporter.close()


async def test_a_segment_whose_beginning_is_damaged_is_left_out_whole(exporting: Exporting) -> None:
    first = sorted((exporting.data_dir / "media").rglob("*.mp4"))[0]
    with first.open("r+b") as file:
        file.write(bytes(64))
    whole = await exporting.made(0, 9)
    assert (whole.state, whole.problem) == ("done", "")
    assert [file.pictures for file in whole.files] == [7 * FPS]


async def test_a_defect_fails_the_export_and_nothing_else(
    exporting: Exporting, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def stumble(_: object) -> bool:
        raise ZeroDivisionError

    monkeypatch.setattr(ExportWork, "plan_some", stumble)
    broken = await exporting.made(0, 5)
    assert (broken.state, broken.problem) == ("failed", "internal_error")
    monkeypatch.undo()
    assert (await exporting.made(0, 5)).state == "done"
    assert "failed by a defect" in caplog.text


async def test_planning_however_much_there_is_ends_when_it_is_no_longer_wanted(
    exporting: Exporting, monkeypatch: pytest.MonkeyPatch
) -> None:
    find, reached = source.find_fragments, threading.Event()

    def without_end(*given: object) -> Iterator[object]:
        while True:
            yield from find(*given)  # type: ignore[arg-type]
            reached.set()

    monkeypatch.setattr(source, "find_fragments", without_end)
    endless = await exporting.order(0, 9)
    await asyncio.to_thread(reached.wait, 20)
    monkeypatch.undo()
    assert await exporting.exporter.remove(endless.order.id)
    assert (await exporting.made(0, 9)).state == "done"


async def test_an_exporter_that_is_ended_ends_also_when_the_disk_breaks_in_that_moment(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    exporting = new_exporting(data_dir)
    await exporting.exporter.open()
    task = asyncio.create_task(exporting.exporter.run())
    export = await exporting.order(0, 9)
    await exporting.until(lambda: export.done_bytes > 0, flowing=False)
    monkeypatch.setattr(ExportWork, "close", refuse)
    ended = await ends_when_cancelled(task)
    exporting.exporter.close()
    assert ended, "it waits for the next order"
