"""A watchdog has to see what the loop alone does not: that a thread of the storage has ended."""

from pathlib import Path

import pytest

from gate.clock import SystemClock
from recorder.storage import open_storage
from tests.component.segments.conftest import board_of, storage_config

ENDED_SECONDS_MAX = 20.0


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_a_storage_whose_disk_thread_has_ended_is_not_alive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SystemClock()
    opening = open_storage(
        storage_config(), data_dir=tmp_path, camera_ids=["cam1"], clock=clock, board=board_of(["cam1"])
    )
    async with opening as storage:
        assert storage.is_alive()
        (shelf,) = storage.volumes.disks.shelves

        def defect() -> None:
            raise RuntimeError("a defect")

        monkeypatch.setattr(shelf.writer, "_sync_due", defect)
        shelf.writer.look()
        async with clock.timeout(ENDED_SECONDS_MAX):
            while storage.is_alive():
                await clock.sleep(0.01)
    clock.close()
