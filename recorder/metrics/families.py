"""The metrics of one recorder, in the names Prometheus asks for (base units, `_total` for what only grows).

A camera's metrics carry `camera`, a stream's `stream` (main, sub) too. What is not known is left out, never 0. Read
when asked, from what the recorder keeps anyway; nothing is gated, as nothing of a picture is in it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric

from gate.client.gate import Gate
from gate.clock import Clock
from gate.licence.decision import Granted
from gate.licence.features import Feature
from recorder.config import RecorderConfig
from recorder.segments.disks import Shelf
from recorder.state import CameraState, StateBoard

PREFIX = "edge_recorder_"
_STREAM = ("camera", "stream")
_DAY_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What the metrics are read from."""

    board: StateBoard
    gate: Gate
    clock: Clock
    config: RecorderConfig
    shelves: tuple[Shelf, ...]


def families(sources: Sources) -> Iterator[Metric]:
    """All metrics, as of now."""
    config = sources.config
    yield InfoMetricFamily(
        PREFIX + "build",
        "Which recorder this is",
        value={"version": version("edge-recorder"), "device": config.device.id, "kind": config.device.kind},
    )
    cameras = tuple(sources.board.cameras.values())
    yield from _streams(cameras, sources.clock.monotonic_ns())
    yield from _recordings(cameras)
    yield from _licences(sources, cameras)
    yield from _storage(sources)
    yield from _disks(sources.shelves)


def _gauge(name: str, help: str, labels: tuple[str, ...], values: Iterable[tuple[tuple[str, ...], float]]) -> Metric:
    family = GaugeMetricFamily(PREFIX + name, help, labels=labels)
    for of, value in values:
        family.add_metric(of, value)
    return family


def _counter(name: str, help: str, labels: tuple[str, ...], values: Iterable[tuple[tuple[str, ...], float]]) -> Metric:
    family = CounterMetricFamily(PREFIX + name, help, labels=labels)
    for of, value in values:
        family.add_metric(of, value)
    return family


def _streams(cameras: Iterable[CameraState], now_ns: int) -> Iterator[Metric]:
    every = [((camera.id, name), stream) for camera in cameras for name, stream in camera.streams.items()]
    yield _gauge("stream_up", "1 while pictures come", _STREAM, ((of, one.phase == "streaming") for of, one in every))
    yield _counter("stream_pictures", "Pictures received", _STREAM, ((of, one.units) for of, one in every))
    yield _counter(
        "stream_packets_lost", "Packets that did not arrive", _STREAM, ((of, one.packets_lost) for of, one in every)
    )
    yield _gauge(
        "stream_picture_age_seconds",
        "Since the last picture",
        _STREAM,
        (
            (of, (now_ns - one.last_unit_monotonic_ns) / 1e9)
            for of, one in every
            if one.last_unit_monotonic_ns is not None
        ),
    )
    yield _gauge("stream_fps", "Pictures a second", _STREAM, ((of, one.fps) for of, one in every))
    yield _gauge(
        "stream_received_bytes_per_second",
        "Rate of the stream",
        _STREAM,
        ((of, one.bitrate_bps / 8) for of, one in every),
    )
    yield _gauge(
        "camera_clock_skew_seconds",
        "How far the camera's clock is ahead, while it tells",
        _STREAM,
        ((of, one.clock_skew_ms / 1000) for of, one in every if one.clock_skew_ms is not None),
    )


def _recordings(cameras: Iterable[CameraState]) -> Iterator[Metric]:
    every = [
        ((camera.id, name), state)
        for camera in cameras
        for name, state in (("main", camera.recording), ("sub", camera.sub_recording))
        if state is not None
    ]
    yield _gauge(
        "recording", "1 while the stream is recorded", _STREAM, ((of, one.phase == "recording") for of, one in every)
    )
    yield _gauge(
        "recording_stopped",
        "1, with the reason, while the stream is not recorded",
        (*_STREAM, "reason"),
        (((*of, one.reason), 1) for of, one in every if one.phase == "stopped" and one.reason),
    )
    yield _gauge(
        "recording_last_picture_timestamp_seconds",
        "The newest picture handed to the disk",
        _STREAM,
        ((of, one.last_picture.timestamp()) for of, one in every if one.last_picture is not None),
    )


def _licences(sources: Sources, cameras: tuple[CameraState, ...]) -> Iterator[Metric]:
    gate, now = sources.gate, sources.gate.evidence().now
    decided = [
        ((camera.id, feature.value), gate.decide(feature, camera.id))
        for camera in cameras
        for feature in Feature
        if feature is not Feature.REMOTE_MAINTENANCE
    ]
    yield _gauge(
        "feature_allowed",
        "1 while the licence allows it",
        ("camera", "feature"),
        ((of, isinstance(decision, Granted)) for of, decision in decided),
    )
    ends = [
        ((camera.id,), decision.until)
        for camera in cameras
        if isinstance(decision := gate.decide(Feature.REMOTE_LIVE, camera.id), Granted) and decision.until is not None
    ]
    yield _gauge(
        "licence_expiry_timestamp_seconds",
        "When the licence ends",
        ("camera",),
        ((of, at.timestamp()) for of, at in ends),
    )
    yield _gauge(
        "licence_days_left",
        "Until the licence ends; 0 when it has",
        ("camera",),
        [
            *((of, max((at - now).total_seconds(), 0) / _DAY_SECONDS) for of, at in ends),
            *(((camera.id,), 0.0) for camera in cameras if not _licensed(gate, camera.id)),
        ],
    )


def _licensed(gate: Gate, camera: str) -> bool:
    return isinstance(gate.decide(Feature.REMOTE_LIVE, camera), Granted)


def _storage(sources: Sources) -> Iterator[Metric]:
    storage = sources.board.storage
    for name, help, value in (
        ("storage_used_bytes", "Footage on the disks", storage.used_bytes),
        ("storage_capacity_bytes", "What footage may take", storage.bytes_max),
        ("storage_free_bytes", "Free on the disks, for everybody", storage.free_bytes),
        ("storage_segments", "Files of footage", storage.segments),
        ("storage_written_bytes_per_second", "Rate of writing", storage.written_bytes_per_second),
        ("storage_trouble", "1 while recording is hindered by a disk", bool(storage.message)),
    ):
        yield _gauge(name, help, (), [((), float(value))])
    if storage.oldest is not None:
        oldest = storage.oldest.timestamp()
        yield _gauge("storage_oldest_timestamp_seconds", "The oldest footage", (), [((), oldest)])


def _disks(shelves: Iterable[Shelf]) -> Iterator[Metric]:
    every = [((str(shelf.volume.root),), shelf) for shelf in shelves]
    label = ("volume",)
    yield _gauge("disk_blocked", "1 while nothing may be written", label, ((of, s.health.blocked) for of, s in every))
    yield _gauge("disk_queue_bytes", "Waiting to be written", label, ((of, s.writer.queued_bytes) for of, s in every))
    yield _counter("disk_written_bytes", "Footage written", label, ((of, s.writer.bytes_written) for of, s in every))
    yield _counter("disk_syncs", "Times footage was made safe", label, ((of, s.writer.syncs) for of, s in every))
    yield _counter(
        "disk_sync_seconds", "What making it safe took", label, ((of, s.writer.sync_ns / 1e9) for of, s in every)
    )
    yield _gauge(
        "disk_sync_max_seconds", "The longest of them", label, ((of, s.writer.sync_ns_max / 1e9) for of, s in every)
    )
