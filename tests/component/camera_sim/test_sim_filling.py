"""While loops are still being encoded: a stream that plays never pauses, and says which pictures stand in."""

import shutil
from pathlib import Path

import anyio
import pytest

from camera_sim import barcode
from camera_sim.clips.workshop import Workshop
from camera_sim.config import FleetConfig
from camera_sim.fleet import Fleet, serve
from gate.clock import SystemClock
from tests.component.camera_sim.conftest import FPS, GOP, LOOP_PICTURES, TICKS
from tests.component.camera_sim.raw_client import Picture, connected
from tests.component.camera_sim.test_sim_playing import decode


async def _never(_workshop: Workshop, _share: object) -> None:
    await anyio.sleep_forever()


async def test_what_is_not_encoded_yet_is_filled_with_the_newest_group_and_marked(
    config: FleetConfig, fleet: Fleet, clock: SystemClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Workshop, "work", _never)
    whole = config.cache_dir / fleet.streams["/cam1/main"].loop.film.folder
    partial = tmp_path / whole.name
    groups = LOOP_PICTURES // GOP
    now = clock.now_ns() * FPS // 1_000_000_000 // GOP % groups
    partial.mkdir()
    for gop in (now, (now + 1) % groups):
        shutil.copy(whole / f"{gop:04d}.gop", partial)
    sizes = {"cameras": (config.cameras[0].model_copy(update={"sub": None}),), "cache_dir": tmp_path}
    async with serve(config.model_copy(update=sizes), clock) as other, connected(other.port, clock) as client:
        await client.play("/cam1/main")
        pictures = [await client.picture()]
        while len([1 for p in pictures if p.mark.state == "filler"]) < GOP + 4:
            pictures.append(await client.picture())
        for file in whole.iterdir():
            shutil.copy(file, partial)
        for gop in range(groups):
            other.streams["/cam1/main"].loop.add(gop)
        while pictures[-1].mark.state == "filler":
            pictures.append(await client.picture())
    _check_even(pictures)
    codes = [barcode.read(gray) for gray in decode(pictures)]
    ready = range(now * GOP, (now + 2) * GOP)
    for picture, code in zip(pictures, codes, strict=True):
        assert code is not None
        if picture.mark.state == "filler":
            assert code != picture.mark.n % LOOP_PICTURES
            assert code in [n % LOOP_PICTURES for n in ready]
        else:
            assert (picture.mark.state, code) == ("idle", picture.mark.n % LOOP_PICTURES)
    moving = [code for picture, code in zip(pictures, codes, strict=True) if picture.mark.state == "filler"]
    assert len(set(moving)) >= GOP


def _check_even(pictures: list[Picture]) -> None:
    """Numbers and RTP time go on evenly, picture after picture."""
    sequences = [number for picture in pictures for number in picture.sequences]
    assert sequences == [(sequences[0] + k) % 65536 for k in range(len(sequences))]
    for picture in pictures:
        since = picture.mark.counter - pictures[0].mark.counter
        assert (picture.rtp_time - pictures[0].rtp_time) % 2**32 == TICKS * since
        assert picture.mark.n - pictures[0].mark.n == since
        assert picture.mark.n == picture.mark.utc_us * FPS // 1_000_000
