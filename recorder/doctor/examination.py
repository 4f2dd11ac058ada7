"""Looks at everything at once, and gives what was found in one order. The whole is bounded: EXAMINATION_SECONDS_MAX."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from gate.clock import Clock
from recorder.config import RecorderConfig
from recorder.doctor.bounded import in_thread
from recorder.doctor.facts.addresses import look_at_addresses
from recorder.doctor.facts.camera import look_at_onvif, look_at_streams
from recorder.doctor.facts.clock import look_at_clock
from recorder.doctor.facts.disk import look_at_disk, unusable
from recorder.doctor.facts.licence import clock_doubt_of, look_at_licence, look_at_service
from recorder.doctor.facts.machine import look_at_decoders, look_at_machine, look_at_screen
from recorder.doctor.facts.permissions import look_at_permissions
from recorder.doctor.facts.software import look_at_software
from recorder.doctor.finding import Finding, found
from recorder.doctor.rules.addresses import address_findings
from recorder.doctor.rules.camera import StreamFacts, onvif_findings, stream_findings
from recorder.doctor.rules.clock import clock_findings, skew_findings
from recorder.doctor.rules.disk import STREAM_BYTES_PER_SECOND, DiskFacts, disk_findings
from recorder.doctor.rules.licence import licence_findings
from recorder.doctor.rules.machine import decoder_findings, machine_findings, screen_findings
from recorder.doctor.rules.permissions import permission_findings
from recorder.doctor.rules.software import software_findings
from recorder.errors import RecorderError
from recorder.supervisor.site import read_state
from recorder.volumes import VolumePlace, volume_places

EXAMINATION_SECONDS_MAX = 15.0
LOOK_SECONDS_MAX = 12.0
STREAMS_SECONDS_MAX = 11.0
STATE_SECONDS_MAX = 1.5
DISK_SECONDS_MAX = 3.0
"""After the streams, all disks at once."""

OnProgress = Callable[[str, int, int], None]
"""What is looked at, how many are done, how many there are."""


class Examination:
    """`run` once. `file` and `config`: of the recorder; without them the machine alone is looked at."""

    def __init__(self, file: Path | None, config: RecorderConfig | None, clock: Clock, on_progress: OnProgress) -> None:
        self._file = file
        self._config = config
        self._clock = clock
        self._on_progress = on_progress
        self._state: dict[str, Any] | None = None

    async def run(self) -> list[Finding]:
        """All findings, in the same order each time."""
        config = self._config
        if config is not None:
            self._state = await self._running(config)
        looks: dict[str, Awaitable[list[Finding]]] = {
            "libraries": self._blocking(lambda: software_findings(look_at_software())),
            "machine": self._blocking(lambda: machine_findings(look_at_machine(), self._cameras)),
            "screen": self._blocking(lambda: screen_findings(look_at_screen(os.environ))),
            "decoders": self._blocking(lambda: decoder_findings(look_at_decoders())),
            "clock": self._blocking(lambda: clock_findings(look_at_clock(shared=self._shared))),
        }
        if config is not None and self._file is not None:
            file = self._file
            looks |= {
                "permissions": self._blocking(lambda: permission_findings(look_at_permissions(file, config))),
                "addresses": self._blocking(partial(self._addresses, config)),
                "licence": self._licence(file, config),
                "cameras": self._cameras_and_disks(config),
                "onvif": self._onvif(config),
            }
        else:
            looks["disk"] = self._blocking(partial(self._disk_here))
        found_in = await asyncio.gather(*(self._bounded(name, look) for name, look in looks.items()))
        return [finding for findings in found_in for finding in findings]

    @property
    def _cameras(self) -> int:
        return len(self._config.cameras) if self._config is not None else 0

    @property
    def _shared(self) -> bool:
        return self._config is not None and self._config.clock.mode == "shared"

    async def _running(self, config: RecorderConfig) -> dict[str, Any] | None:
        try:
            async with self._clock.timeout(STATE_SECONDS_MAX):
                return await read_state(config.local.socket)
        except (RecorderError, TimeoutError):
            return None

    async def _blocking(self, look: Callable[[], Iterable[Finding]]) -> list[Finding]:
        return await in_thread(lambda: list(look()), self._clock, LOOK_SECONDS_MAX)

    async def _bounded(self, name: str, look: Awaitable[list[Finding]]) -> list[Finding]:
        try:
            async with self._clock.timeout(EXAMINATION_SECONDS_MAX):
                return await look
        except TimeoutError:
            return [_unseen(name, ("時間内に終わりませんでした", "it did not end in time"))]
        except OSError as error:
            reason = error.strerror or str(error)
            return [_unseen(name, (reason, reason))]

    def _addresses(self, config: RecorderConfig) -> list[Finding]:
        addresses = look_at_addresses(config, running=self._state is not None)
        return [finding for address in addresses for finding in address_findings(address)]

    async def _licence(self, file: Path, config: RecorderConfig) -> list[Finding]:
        clock = self._clock
        facts = await in_thread(partial(look_at_licence, file, config, clock), clock, LOOK_SECONDS_MAX)
        skew = None
        if config.licence.url is not None:
            service, skew = await look_at_service(config.licence.url, self._state, clock)
            facts = replace(facts, service=service)
        facts = replace(facts, clock_doubt=clock_doubt_of(self._state))
        findings = list(licence_findings(facts, ZoneInfo(config.device.time_zone)))
        return findings + (list(skew_findings(skew)) if skew is not None and not self._shared else [])

    async def _cameras_and_disks(self, config: RecorderConfig) -> list[Finding]:
        """Disks after cameras: what these send is what those have to take."""
        total = sum(len(camera.streams) for camera in config.cameras)
        done = 0

        def on_done() -> None:
            nonlocal done
            done += 1
            self._on_progress("cameras", done, total)

        self._on_progress("cameras", 0, total)
        streams = await look_at_streams(config.cameras, self._clock, STREAMS_SECONDS_MAX, on_done)
        findings = [finding for facts in streams for finding in stream_findings(facts)]
        needed, estimated = needed_rate(config, streams)
        places = volume_places(config.device.data_dir, config.storage)
        footage = int(((self._state or {}).get("storage") or {}).get("used_bytes") or 0) // len(places)
        looks = (self._disk(place, footage, mounted=bool(config.storage.volumes)) for place in places)
        for disk in await asyncio.gather(*looks):
            findings += disk_findings(disk, needed / len(places), estimated=estimated)
        return findings

    async def _disk(self, place: VolumePlace, footage_bytes: int, *, mounted: bool) -> DiskFacts:
        """`mounted`: the folder has to be there already."""
        look = partial(
            look_at_disk,
            place.root,
            self._clock,
            bytes_max=place.limits.bytes_max,
            free_bytes_min=place.limits.free_bytes_min,
            footage_bytes=footage_bytes,
            mounted=mounted,
        )
        try:
            return await in_thread(look, self._clock, DISK_SECONDS_MAX)
        except TimeoutError:
            return unusable(place.root, f"no answer within {DISK_SECONDS_MAX:.0f} s")

    async def _onvif(self, config: RecorderConfig) -> list[Finding]:
        return [f for facts in await look_at_onvif(config.cameras, self._clock) for f in onvif_findings(facts)]

    def _disk_here(self) -> list[Finding]:
        disk = look_at_disk(Path.cwd(), self._clock, bytes_max=0, free_bytes_min=0, footage_bytes=0, mounted=True)
        return list(disk_findings(disk, 0.0, estimated=False))


def needed_rate(config: RecorderConfig, streams: Iterable[StreamFacts]) -> tuple[float, bool]:
    """Bytes a second of all recorded streams, and whether some of them are guessed."""
    seen = {
        (facts.camera, facts.stream): facts.tried.bytes_per_second
        for facts in streams
        if facts.tried is not None and facts.tried.bytes_per_second
    }
    recorded = [(camera.id, stream) for camera in config.cameras for stream in camera.record_streams]
    rates = [seen.get(one) for one in recorded]
    return sum(rate or STREAM_BYTES_PER_SECOND for rate in rates), None in rates


def _unseen(name: str, why: tuple[str, str]) -> Finding:
    return found(
        "warning",
        name,
        (f"確認できませんでした（{why[0]}）。", f"This could not be looked at: {why[1]}."),
        ("もう一度試してください。", "Try again."),
    )
