"""The fleet's configuration (`configs/fleet.yaml`): its fields, their bounds and their defaults.

Paths are relative to the file; `load_fleet` makes them absolute. Errors name file, line and field (gate.yaml_file).
Cameras: camera_config.py.
"""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from camera_sim.camera_config import CameraConfig, Seconds, StreamConfig
from camera_sim.errors import EventError, FaultError
from camera_sim.events.event import EventKind
from camera_sim.events.plan import SECONDS, SECONDS_MAX, SECONDS_MIN, Every, Once, Planned, Weekly, weekly_of
from camera_sim.faults.fault import EVERYTHING, Fault, fault_of
from gate.config_fields import (
    PORT_BASE,
    ClockSection,
    LoopbackAddress,
    Section,
    TimeZone,
    beside,
    moved_ports,
    split_address,
)
from gate.yaml_file import PlacedError, load

BARCODE_VALUES = 1 << 12
"""Twelve bits of frame number: a loop of 60 s has at most that many pictures."""
_HOSTS_MAX = 512
LoopSeconds = Literal[1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60]


class RtspConfig(Section):
    listen: LoopbackAddress = "127.0.0.1:8554"

    @property
    def host(self) -> str:
        """Without brackets."""
        return split_address(self.listen)[0]

    @property
    def port(self) -> int:
        """0: any free one."""
        return split_address(self.listen)[1]


class ControlConfig(Section):
    listen: LoopbackAddress = "127.0.0.1:8080"


class OnvifConfig(Section):
    """`listen`: the first camera's address; the next ones have the next. `discovery`: the interface on which they are
    found, by its address; None: they are not."""

    listen: LoopbackAddress = "127.0.1.1:8080"
    discovery: IPv4Address | None = IPv4Address("127.0.0.1")
    reboot_seconds: Seconds = Field(20, ge=0.1, le=3600)

    @property
    def port(self) -> int:
        """0: any free one."""
        return split_address(self.listen)[1]

    def hosts(self) -> Iterator[str]:
        """The addresses that cameras get, in order."""
        first = IPv4Address(split_address(self.listen)[0])
        return (str(first + number) for number in range(_HOSTS_MAX))

    @field_validator("listen")
    @classmethod
    def _has_room(cls, value: str) -> str:
        host = split_address(value)[0]
        if ":" in host or not (IPv4Address(host) + _HOSTS_MAX).is_loopback:
            raise ValueError(
                f"an address like 127.0.1.1:8080 is wanted, with room for more cameras after it; not {value!r}"
            )
        return value


class FaultConfig(Section):
    """One planned fault. `for_`: `for` in the file."""

    kind: str
    scope: str = Field(max_length=40)
    at: Seconds = 0.0
    for_: Seconds | None = Field(None, alias="for")
    params: dict[str, int | float] = Field(default_factory=dict)
    seed: int = 0

    @property
    def fault(self) -> Fault:
        """The same, complete."""
        return fault_of(self.kind, self.scope, at=self.at, duration=self.for_, params=self.params, seed=self.seed)

    @model_validator(mode="after")
    def _is_a_fault(self) -> "FaultConfig":
        try:
            _ = self.fault
        except FaultError as error:
            raise ValueError(str(error)) from None
        return self


class EventConfig(Section):
    """Planned events. `for_`: `for` in the file. Without `every` and `weekly` it comes once, `at` after the start."""

    camera: str = Field(max_length=16)
    kind: EventKind
    for_: Seconds = Field(SECONDS, alias="for", ge=SECONDS_MIN, le=SECONDS_MAX)
    at: Seconds = 0.0
    every: Seconds | None = Field(None, ge=SECONDS_MIN)
    weekly: str | None = None

    def planned(self, zone: ZoneInfo) -> Planned:
        """The same; `weekly` is in that zone."""
        when: Once | Every | Weekly = Once(after_seconds=self.at)
        if self.every is not None:
            when = Every(seconds=self.every, phase_seconds=self.at)
        elif self.weekly is not None:
            when = weekly_of(self.weekly, zone)
        return Planned(camera=self.camera, kind=self.kind, seconds=self.for_, when=when)

    @model_validator(mode="after")
    def _has_one_time(self) -> "EventConfig":
        if self.weekly is not None and {"every", "at"} & self.model_fields_set:
            raise ValueError("weekly goes with neither at nor every")
        if self.every is not None and self.every < self.for_:
            raise ValueError(f"it lasts {self.for_:g} s but comes every {self.every:g} s")
        try:
            self.planned(ZoneInfo("UTC"))
        except EventError as error:
            raise ValueError(str(error)) from None
        return self


class FleetConfig(Section):
    clock: ClockSection = ClockSection()
    rtsp: RtspConfig = RtspConfig()
    control: ControlConfig | None = None
    onvif: OnvifConfig | None = None
    cache_dir: Path
    fault_log: Path | None = None
    faults: tuple[FaultConfig, ...] = Field((), max_length=1000)
    event_log: Path | None = None
    events: tuple[EventConfig, ...] = Field((), max_length=1000)
    time_zone: TimeZone = "UTC"
    loop_seconds: LoopSeconds = 60
    cameras: tuple[CameraConfig, ...] = Field(min_length=1, max_length=256)

    @property
    def hosts(self) -> dict[str, str]:
        """Cameras with an address of their own: with ONVIF all of them, else those that were given one."""
        given = {camera.id: camera.host for camera in self.cameras if camera.host is not None}
        if self.onvif is None:
            return given
        free = (host for host in self.onvif.hosts() if host not in given.values())
        return {camera.id: camera.host or next(free) for camera in self.cameras}

    @property
    def planned_events(self) -> tuple[Planned, ...]:
        """What `events` says."""
        return tuple(planned.planned(ZoneInfo(self.time_zone)) for planned in self.events)

    @model_validator(mode="after")
    def _fits_together(self) -> "FleetConfig":
        for field, what in (("id", "id"), ("sd_card", "SD card"), ("host", "host")):
            _check_no_other(self.cameras, field, what)
        ids = [camera.id for camera in self.cameras]
        for at, planned in enumerate(self.faults):
            if planned.scope.partition("/")[0] not in (*ids, EVERYTHING):
                raise PlacedError(("faults", at, "scope"), f"there is no camera {planned.scope!r}")
        scenes = [camera.id for camera in self.cameras if camera.clip is None]
        for at, event in enumerate(self.events):
            if event.camera not in (*scenes, EVERYTHING):
                known = event.camera in ids
                why = "shows a clip, in which nothing can happen" if known else "is not in this file"
                raise PlacedError(("events", at, "camera"), f"the camera {event.camera!r} {why}")
        for at, camera in enumerate(self.cameras):
            for name, stream in camera.streams.items():
                _check_loop(("cameras", at, name), f"{camera.id} {name}", stream, self.loop_seconds)
        return self


def _check_no_other(cameras: Sequence[CameraConfig], field: str, what: str) -> None:
    """A camera has some things for itself."""
    seen: set[object] = set()
    for at, camera in enumerate(cameras):
        value = getattr(camera, field)
        own = getattr(value, "path", value)
        if own is not None and own in seen:
            raise PlacedError(("cameras", at, field), f"two cameras have the {what} {str(own)!r}")
        seen.add(own)


def _check_loop(place: tuple[int | str, ...], label: str, stream: StreamConfig, loop_seconds: int) -> None:
    if stream.fps * loop_seconds % stream.gop_pictures:
        sentence = f"{label}: gop_seconds {stream.gop_seconds:g} does not divide a loop of {loop_seconds} s"
        raise PlacedError(place, sentence)
    if stream.fps * loop_seconds > BARCODE_VALUES:
        sentence = f"{label}: {stream.fps} pictures a second are more than the barcode can count in a loop"
        raise PlacedError(place, sentence)


def load_fleet(path: Path, port_base: int = PORT_BASE) -> FleetConfig:
    """The configuration with absolute paths, its default ports moved to `port_base`. Raises ConfigError."""
    config = load(path, FleetConfig)
    return config.model_copy(
        update={
            "clock": config.clock.beside(path),
            "rtsp": RtspConfig(listen=moved_ports(config.rtsp.listen, port_base)),
            "control": config.control and ControlConfig(listen=moved_ports(config.control.listen, port_base)),
            "onvif": config.onvif
            and config.onvif.model_copy(update={"listen": moved_ports(config.onvif.listen, port_base)}),
            "cache_dir": beside(path, config.cache_dir),
            "fault_log": config.fault_log and beside(path, config.fault_log),
            "event_log": config.event_log and beside(path, config.event_log),
            "cameras": tuple(_beside(path, camera) for camera in config.cameras),
        }
    )


def _beside(path: Path, camera: CameraConfig) -> CameraConfig:
    clips = {"clip": camera.clip, "sub_clip": camera.sub_clip}
    card = camera.sd_card and camera.sd_card.model_copy(update={"path": beside(path, camera.sd_card.path)})
    return camera.model_copy(
        update={name: clip and beside(path, clip) for name, clip in clips.items()} | {"sd_card": card}
    )
