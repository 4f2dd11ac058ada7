"""An exporter with everything real around it, on footage that lies on disk, and what ffmpeg makes of its files."""

import asyncio
import contextlib
import subprocess
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from gate.client.attestation import Attestor
from gate.client.gate import Gate
from gate.clock import SimulatedClock
from gate.signing.identity import open_identity
from recorder.config import ExportsConfig
from recorder.exports.export import Export, Order
from recorder.exports.exporter import Exporter, new_id
from recorder.exports.making import FreeBytes
from recorder.playback.archive import Archive
from tests.fakes.entitlements import at, entitlement, span
from tests.fakes.video import EPOCH_NS

SECOND = 10**9
ROUNDS_MAX = 5000


def no_floor(_: Path) -> int:
    """A disk with room."""
    return 1 << 60


@dataclass(slots=True, kw_only=True)
class Exporting:
    """One recorder's exporter. `restart` makes another on the same folder, as a new process would."""

    data_dir: Path
    clock: SimulatedClock
    gate: Gate
    config: ExportsConfig
    free: FreeBytes
    exporter: Exporter
    seq: int = 1

    def entitle(self, until_seconds: float, *cameras: str) -> None:
        """Licences of these cameras from before the test until that second of it, in the gate's own time."""
        self.seq += 1
        grants = dict.fromkeys(cameras or ("cam1", "cam2"), (span(-1000, until_seconds),))
        self.gate.install(entitlement(grants, seq=self.seq, issued_at=at(-500)))

    async def order(self, start: float, end: float, *cameras: str, stream: str = "main") -> Export:
        """Asks for `[start, end)` seconds of the footage."""
        return await self.exporter.ask(
            Order(
                id=new_id(),
                cameras=cameras or ("cam1",),
                stream=stream,  # type: ignore[arg-type]
                start_utc_ns=EPOCH_NS + round(start * SECOND),
                end_utc_ns=EPOCH_NS + round(end * SECOND),
                asked_utc_ns=self.clock.now_ns() + len(self.exporter.all()),
                asked_by="tester",
            )
        )

    async def until(self, wanted: Callable[[], bool], *, flowing: bool = True) -> None:
        """Lets the work go on until it is so; while time does not flow it stops after each piece that it copies."""
        for _ in range(ROUNDS_MAX):
            if wanted():
                return
            await (self.clock.advance(0.02) if flowing else self.clock.settle())
            await asyncio.to_thread(threading.Event().wait, 0.001)
        raise AssertionError([(export.state, export.problem) for export in self.exporter.all()])

    async def made(self, start: float, end: float, *cameras: str, stream: str = "main") -> Export:
        """One that is over."""
        export = await self.order(start, end, *cameras, stream=stream)
        await self.until(lambda: export.over)
        return export

    def paths(self, export: Export) -> list[Path]:
        """Its files."""
        return [self.exporter.path(export.order.id, file.name) for file in export.files]

    def left_behind(self) -> list[str]:
        """Every name in the exports' folder, but for records."""
        folder = self.data_dir / "exports"
        return sorted(
            str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.name != "export.json"
        )


def new_exporter(
    data_dir: Path, gate: Gate, clock: SimulatedClock, config: ExportsConfig, free: FreeBytes = no_floor, floor: int = 0
) -> Exporter:
    return Exporter(
        config=config,
        folder=data_dir / "exports",
        archive=Archive(data_dir=data_dir),
        gate=gate,
        clock=clock,
        attestor=Attestor(open_identity(data_dir)),
        device={"id": "rec-1", "firmware": "test"},
        zone_name="Asia/Tokyo",
        free_bytes_min=floor,
        free=free,
    )


def new_exporting(data_dir: Path) -> Exporting:
    """With licences for all of the test; the exporter is not opened yet."""
    clock, config = SimulatedClock(at(100)), ExportsConfig()
    gate = Gate(clock=clock, device_id="rec-1", cameras=["cam1", "cam2"])
    made = Exporting(
        data_dir=data_dir,
        clock=clock,
        gate=gate,
        config=config,
        free=no_floor,
        exporter=new_exporter(data_dir, gate, clock, config),
    )
    made.entitle(10_000)
    return made


@contextlib.asynccontextmanager
async def running(exporter: Exporter) -> AsyncIterator[None]:
    """Opened, and at work until the end."""
    await exporter.open()
    task = asyncio.create_task(exporter.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        exporter.close()


def frame_hashes(path: Path) -> list[str]:
    """MD5 of every picture that ffmpeg shows. Raises AssertionError at its first complaint, but for the forgetting of
    pictures that came before an open group of pictures: they are not there, as they are not needed."""
    command = ["ffmpeg", "-v", "error", "-xerror", "-i", str(path), "-map", "0:v", "-fps_mode", "passthrough"]
    done = subprocess.run([*command, "-f", "framemd5", "-"], capture_output=True, text=True, timeout=30, check=False)
    complaints = [line for line in done.stderr.splitlines() if "mmco: unref short failure" not in line]
    assert (done.returncode, complaints) == (0, []), f"{path}: {done.stderr}"
    return [line.rsplit(",", 1)[1].strip() for line in done.stdout.splitlines() if not line.startswith("#")]


def sound_seconds(path: Path) -> float:
    """How long ffmpeg plays its sound."""
    command = ["ffmpeg", "-v", "error", "-xerror", "-i", str(path), "-map", "0:a", "-f", "s16le", "-ac", "1", "-"]
    done = subprocess.run([*command[:-1], "-ar", "16000", "-"], capture_output=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, b""), done.stderr
    return len(done.stdout) / 2 / 16_000
