"""The recorder's configuration (`configs/recorder.yaml`): its fields, their bounds and their defaults.

Paths are relative to the file; `load_config` makes them absolute. Errors name file, line and field (gate.yaml_file).
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from gate.client.profiles import profile_place
from gate.config_fields import ClockSection, LoopbackAddress, Section, TimeZone, beside, moved_ports
from gate.licence.profile import REMO
from gate.log_output import LogSection
from gate.yaml_file import PlacedError, load
from recorder.catalog.rows import Stream
from recorder.events.motion_settings import Motion, MotionSettings
from recorder.ingest.approach import SourceChoice, TransportChoice
from recorder.ingest.onvif.settings import OnvifSettings
from recorder.notify.settings import NotifySection
from recorder.record_settings import Record, RecordSettings
from recorder.remote.settings import RemoteConfig

_UNITS = {"": 1, "B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
          "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}  # fmt: skip
_VIDEO_DEVICE = re.compile(r"/dev/video\d{1,3}")
URL_SHOWN_MAX = 500
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")


def _size(value: Any) -> int:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", str(value))
    if match is None or match[2] not in _UNITS:
        raise ValueError(f"a size like 20GB or 512MiB is wanted, not {value!r}")
    return int(float(match[1]) * _UNITS[match[2]])


def _identifier(value: str) -> str:
    if not _ID.fullmatch(value):
        raise ValueError(f"letters, digits, - and _ only, 32 at most, beginning with a letter or digit; not {value!r}")
    return value


def _without_login(url: str) -> str:
    return re.sub(r"[^/\s]*@", "…@", url) if len(url) <= URL_SHOWN_MAX else "…"


def _stream_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme in ("rtsp", "http", "https"):
        if not parts.hostname:
            raise ValueError(f"an address like rtsp://192.0.2.10/stream is wanted, not {_without_login(value)!r}")
        if parts.username or parts.password:
            raise ValueError("give user and password in their own fields, not in the address")
    elif not (parts.scheme == "file" and parts.path and not parts.netloc) and not _VIDEO_DEVICE.fullmatch(value):
        raise ValueError(f"rtsp://…, http://…, file:PATH or /dev/videoN is wanted, not {_without_login(value)!r}")
    return value


def _card_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"an address like http://192.0.2.10/sd/files is wanted, not {_without_login(value)!r}")
    if parts.username or parts.password:
        raise ValueError("give user and password in their own fields, not in the address")
    return value


def _service_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"an address like https://licence.example is wanted, not {_without_login(value)!r}")
    if parts.username or parts.password:
        raise ValueError("the address of the licence service holds no user or password: the device's key is enough")
    return value


Size = Annotated[int, BeforeValidator(_size)]
Identifier = Annotated[str, AfterValidator(_identifier)]


class DeviceConfig(Section):
    """`kind` direct: a camera that is its own recorder, with a card in place of a disk and without a monitor."""

    id: Identifier
    kind: Literal["edge", "direct"] = "edge"
    data_dir: Path
    serial: str = Field("", max_length=64)
    made_on: date | None = None
    time_zone: TimeZone = "Asia/Tokyo"
    language: Literal["ja", "en"] = "ja"


class LicenceConfig(Section):
    """By a file (`path`), or by a licence service (`url`)."""

    mode: Literal["file", "service"] = "file"
    path: Path | None = None
    url: Annotated[str, AfterValidator(_service_url)] | None = None
    root_key: Path
    profile: str = REMO.name

    @model_validator(mode="after")
    def _mode_has_what_it_needs(self) -> "LicenceConfig":
        if self.mode == "file" and (self.path is None or self.url is not None):
            raise ValueError("mode file needs a path and has no url")
        if self.mode == "service" and (self.url is None or self.path is not None):
            raise ValueError("mode service needs a url and has no path")
        return self


class LocalConfig(Section):
    socket: Path


class VolumeConfig(Section):
    """A disk to record to. `free_bytes_min`: storage's, if it has none of its own."""

    path: Path
    bytes_max: Size = Field(20 * 10**9, ge=50 * 10**6)
    free_bytes_min: Size | None = Field(None, ge=0)


class StorageConfig(Section):
    segment_seconds: float = Field(60, ge=2, le=3600)
    sync_seconds: float = Field(5, gt=0, le=60)
    pre_event_seconds: float = Field(10, ge=0, le=60)
    bytes_max: Size = Field(20 * 10**9, ge=50 * 10**6)
    free_bytes_min: Size = Field(2 * 10**9, ge=0)
    days_max: float | None = Field(None, gt=0)
    volumes: tuple[VolumeConfig, ...] = Field((), max_length=16)

    @model_validator(mode="after")
    def _volumes_are_told_apart(self) -> "StorageConfig":
        paths = [volume.path for volume in self.volumes]
        twice = next((path for path in paths if paths.count(path) > 1), None)
        if twice:
            raise ValueError(f"two volumes have the path {twice}")
        if self.volumes and "bytes_max" in self.model_fields_set:
            raise ValueError("where there are volumes, each has its own bytes_max: take storage.bytes_max out")
        return self


class ExportsConfig(Section):
    """What was exported lies in the data folder, until it is deleted, or for so long."""

    bytes_max: Size = Field(5 * 10**9, ge=10 * 10**6)
    count_max: int = Field(20, ge=1, le=100)
    days_max: float = Field(7, gt=0, le=366)


class MetricsConfig(Section):
    """Prometheus metrics and health; without `listen` there are none."""

    listen: LoopbackAddress | None = None


class StreamConfig(Section):
    url: Annotated[str, AfterValidator(_stream_url)]
    transport: TransportChoice = "tcp"
    source: SourceChoice = "auto"

    @model_validator(mode="after")
    def _native_is_rtsp(self) -> "StreamConfig":
        if self.source == "native" and not self.is_rtsp:
            raise ValueError("source: native understands rtsp:// only; take libav or auto")
        return self

    @property
    def is_rtsp(self) -> bool:
        """Whether our own RTSP understands the address."""
        return self.url.startswith("rtsp://")

    def beside(self, file: Path) -> "StreamConfig":
        """The same with the absolute path of a `file:`."""
        if not self.url.startswith("file:"):
            return self
        path = beside(file, Path(unquote(urlsplit(self.url).path)))
        return self.model_copy(update={"url": path.as_uri()})


class CameraConfig(Section):
    id: Identifier
    name: str = Field("", max_length=64)
    main: StreamConfig
    sub: StreamConfig | None = None
    user: str | None = None
    password: SecretStr | None = None
    auth: Literal["digest", "basic"] = "digest"
    audio: bool = True
    card: Annotated[str, AfterValidator(_card_url)] | None = None
    record: Record = RecordSettings()
    record_streams: tuple[Stream, ...] = ("main",)
    motion: Motion = MotionSettings()
    onvif: OnvifSettings | None = None
    bytes_max: Size | None = Field(None, ge=10 * 10**6)

    @model_validator(mode="before")
    @classmethod
    def _split_record(cls, given: Any) -> Any:
        """`record: [main, sub]`, or `streams` beside its other fields, says which streams are recorded."""
        record = given.get("record") if isinstance(given, Mapping) else None
        if isinstance(record, list):
            return {**given, "record": "continuous", "record_streams": record}
        if isinstance(record, Mapping) and "streams" in record:
            rest = {key: value for key, value in record.items() if key != "streams"}
            return {**given, "record": rest, "record_streams": record["streams"]}
        return given

    @model_validator(mode="after")
    def _recorded_streams_are_there(self) -> "CameraConfig":
        recorded = self.record_streams
        if "main" not in recorded or len(set(recorded)) < len(recorded):
            raise ValueError("record: the main stream is always recorded: [main] or [main, sub]")
        if "sub" in recorded and self.sub is None:
            raise ValueError("record: there is no sub stream to record")
        return self

    @property
    def streams(self) -> dict[str, StreamConfig]:
        """`main`, and `sub` if there is one."""
        return {"main": self.main} | ({"sub": self.sub} if self.sub else {})

    def with_streams(self, change: Callable[[StreamConfig], StreamConfig]) -> "CameraConfig":
        """The same with every stream changed."""
        return self.model_copy(update={name: change(stream) for name, stream in self.streams.items()})


class RecorderConfig(Section):
    device: DeviceConfig
    clock: ClockSection = ClockSection()
    licence: LicenceConfig
    remote: RemoteConfig = RemoteConfig()
    local: LocalConfig
    storage: StorageConfig = StorageConfig()
    exports: ExportsConfig = ExportsConfig()
    notify: NotifySection = NotifySection()
    metrics: MetricsConfig = MetricsConfig()
    log: LogSection | None = None
    cameras: tuple[CameraConfig, ...] = Field(min_length=1, max_length=256)

    @model_validator(mode="after")
    def _ids_are_unique(self) -> "RecorderConfig":
        ids = [camera.id for camera in self.cameras]
        twice = next((name for name in ids if ids.count(name) > 1), None)
        if twice:
            raise ValueError(f"two cameras have the id {twice!r}")
        self.notify.check_cameras(ids)
        if self.device.kind == "direct" and (len(ids) > 1 or len(self.storage.volumes) > 1):
            raise ValueError("a direct camera is one camera with one card: take kind: edge for more")
        if self.remote.listen is None and self.licence.mode == "file":
            raise ValueError("remote.listen: null leaves no way to the remote side without a licence service")
        if self.remote.access == "service" and self.licence.mode == "file":
            raise PlacedError(
                ("remote", "access"), "people of a licence service need one: write licence: {mode: service, url: …}"
            )
        return self


def load_config(path: Path) -> RecorderConfig:
    """The configuration with absolute paths. Raises gate.yaml_file.ConfigError."""
    config = load(path, RecorderConfig)
    device, licence, local = config.device, config.licence, config.local
    volumes = tuple(volume.model_copy(update={"path": beside(path, volume.path)}) for volume in config.storage.volumes)
    keys: dict[str, Path | str] = {"root_key": beside(path, licence.root_key)}
    keys |= {"path": beside(path, licence.path)} if licence.path is not None else {}
    keys |= {"profile": profile_place(licence.profile, path)}
    return config.model_copy(
        update={
            "device": device.model_copy(update={"data_dir": beside(path, device.data_dir)}),
            "clock": config.clock.beside(path),
            "licence": licence.model_copy(update=keys),
            "remote": config.remote.beside(path),
            "storage": config.storage.model_copy(update={"volumes": volumes}),
            "local": local.model_copy(update={"socket": beside(path, local.socket)}),
            "notify": config.notify.beside(path),
            "log": config.log and config.log.beside(path),
            "cameras": tuple(camera.with_streams(lambda link: link.beside(path)) for camera in config.cameras),
        }
    )


def moved(config: RecorderConfig, port_base: int) -> RecorderConfig:
    """The configuration with all default loopback ports moved (gate.config_fields.moved_ports)."""

    def move(stream: StreamConfig) -> StreamConfig:
        return stream.model_copy(update={"url": moved_ports(stream.url, port_base)})

    listen, rtsp, url = config.remote.listen, config.remote.rtsp, config.licence.url
    remote = config.remote.model_copy(
        update={
            "listen": listen and moved_ports(listen, port_base),
            "rtsp": rtsp and rtsp.model_copy(update={"listen": moved_ports(rtsp.listen, port_base)}),
        }
    )
    licence = config.licence.model_copy(update={"url": moved_ports(url, port_base)}) if url else config.licence
    metrics = MetricsConfig(listen=config.metrics.listen and moved_ports(config.metrics.listen, port_base))
    cameras = tuple(
        camera.with_streams(move).model_copy(
            update={
                "onvif": camera.onvif and camera.onvif.moved(port_base),
                "card": camera.card and moved_ports(camera.card, port_base),
            }
        )
        for camera in config.cameras
    )
    return config.model_copy(
        update={
            "remote": remote,
            "licence": licence,
            "notify": config.notify.moved(port_base),
            "metrics": metrics,
            "cameras": cameras,
        }
    )
