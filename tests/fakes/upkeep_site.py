"""A remote side with footage, an exporter at work and a host to maintain, for a browser driven by blocking code."""

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from gate.client.attestation import Attestor
from gate.clock import SystemClock, ns_of
from gate.signing.identity import open_identity
from recorder.cameras import CameraChanges
from recorder.catalog.database import Catalog
from recorder.config import load_config
from recorder.exports.exporter import Exporter
from recorder.exports.shelf import FOLDER_NAME
from recorder.maintenance.log_ring import LogRing
from recorder.maintenance.opening import open_upkeep
from recorder.maintenance.upkeep import Host, Stop
from recorder.playback.archive import Archive
from recorder.reload import ConfigReload
from recorder.web.served import Served
from tests.fakes.page_server import START_SECONDS_MAX, PageServer
from tests.fakes.recorded import Recorded
from tests.fakes.video import FPS, access_units, shifted

SECOND = 10**9
RUN_SECONDS, GAP_SECONDS = 20, 15
CONFIG = """# The shop's recorder.
device: {id: rec-1, data_dir: data}
licence: {path: licence.json, root_key: root.pub}
local: {socket: rec.sock}
cameras:
  - id: cam1
    name: 玄関          # seen from the street
    main: {url: "rtsp://192.0.2.10/main"}
    user: admin
    password: camera-password
  - {id: cam2, name: 駐車場, main: {url: "rtsp://192.0.2.11/main"}}
"""


class _Service:
    async def ask(self) -> bool:
        return True


class UpkeepSite(PageServer):
    """cam1: twenty seconds, fifteen without a licence, twenty seconds, an hour ago, from `start_ns` on. cam2:
    nothing."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, 2, 0)
        clock = SystemClock()
        self.start_ns = ns_of(clock.now()) // SECOND * SECOND - 3600 * SECOND
        clock.close()
        self.config_path = folder / "recorder.yaml"
        self.config_path.write_text(CONFIG)
        recorded = Recorded(folder / "data", segment_seconds=10)
        units = access_units(RUN_SECONDS * FPS)
        ahead = (self.start_ns - units[0].utc_ns) / SECOND
        recorded.write(shifted(units, ahead, run=1))
        gap_ns = self.start_ns + RUN_SECONDS * SECOND
        recorded.gap(gap_ns, gap_ns + GAP_SECONDS * SECOND, "licence")
        recorded.write(shifted(units, ahead + RUN_SECONDS + GAP_SECONDS, run=2))
        recorded.close()
        self._catalog = Catalog(folder / "data" / "index.db")
        self._jobs: list[asyncio.Task[None]] = []
        self.exporter: Exporter
        self.stop: Stop

    def forget_exports(self) -> None:
        """Removes them all."""

        async def remove() -> None:
            for export in self.exporter.all():
                await self.exporter.remove(export.order.id)

        asyncio.run_coroutine_threadsafe(remove(), self._loop).result(START_SECONDS_MAX)

    def _play(self) -> None:
        """Nothing is live here; exports are made, and the storage is checked."""
        site = self.site
        for number, stream in enumerate(site.board.cameras["cam1"].streams.values()):
            stream.width, stream.height, stream.codec = 1280 >> number, 720 >> number, "h264"
            stream.bitrate_bps, stream.clock_skew_ms = 1_900_000, -12
        site.board.storage.segments = 4
        site.board.storage.written_bytes_per_second = 480_000.0
        data_dir = site.config.device.data_dir
        self.exporter = Exporter(
            config=site.config.exports,
            folder=data_dir / FOLDER_NAME,
            archive=Archive(data_dir=data_dir),
            gate=site.gate,
            clock=site.clock,
            attestor=Attestor(open_identity(data_dir)),
            device={"id": "rec-1"},
            zone_name="Asia/Tokyo",
            free_bytes_min=0,
        )
        self.stop = Stop(asyncio.Event())
        host = Host(config_path=self.config_path, log=LogRing(), stop=self.stop)
        self._upkeep = open_upkeep(site.config, site.gate, site.clock, host, _Service())
        self._jobs = [asyncio.create_task(self._export()), asyncio.create_task(self._upkeep.check.run())]

    def _served(self) -> Served:
        async def apply(_: Any) -> CameraChanges:
            return CameraChanges(added=(), changed=("cam1",), removed=())

        def load() -> Any:
            return load_config(self.config_path)

        reload = ConfigReload(load=load, running=load(), apply=apply)
        parts = self.site.parts
        return replace(parts, catalog=self._catalog, exports=self.exporter, upkeep=self._upkeep, reload=reload)

    async def _export(self) -> None:
        await self.exporter.open()
        await self.exporter.run()

    async def _serve(self) -> None:
        try:
            await super()._serve()
        finally:
            for job in self._jobs:
                job.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await job
            self.exporter.close()

    def close(self) -> None:
        super().close()
        self._catalog.close()


@contextlib.contextmanager
def upkeep_site(folder: Path) -> Iterator[UpkeepSite]:
    """A running site; its end is waited for."""
    site = UpkeepSite(folder)
    site.start()
    try:
        yield site
    finally:
        site.close()
