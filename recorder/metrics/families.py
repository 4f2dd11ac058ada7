"""The metrics of one recorder, in the names Prometheus asks for (base units, `_total` for what only grows).

A camera's metrics carry `camera`, a stream's `stream` (main, sub) too. What is not known is left out, never 0. Read
when asked, from what the recorder keeps anyway; nothing is gated, as nothing of a picture is in it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version

from prometheus_client.core import InfoMetricFamily, Metric

from gate.client.gate import Gate
from gate.licence.decision import Granted
from gate.licence.features import Feature
from recorder.hub import Hub
from recorder.metrics.kinds import PREFIX, counter, gauge
from recorder.metrics.loop_lag import LoopLag
from recorder.metrics.own_families import own_families
from recorder.segments.disks import Shelf
from recorder.state import CameraState
from recorder.volumes import volume_places
from recorder.web.served import Served

_STREAM = ("camera", "stream")
_DAY_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What the metrics are read from. `lag`: of the loop that serves them."""

    served: Served
    shelves: tuple[Shelf, ...]
    lag: LoopLag


def families(sources: Sources) -> Iterator[Metric]:
    """All metrics, as of now."""
    served, config = sources.served, sources.served.config
    yield InfoMetricFamily(
        PREFIX + "build",
        "Which recorder this is",
        value={"version": version("edge-recorder"), "device": config.device.id, "kind": config.device.kind},
    )
    cameras = tuple(served.board.cameras.values())
    names = InfoMetricFamily(PREFIX + "camera", "What a camera is called", labels=("camera",))
    for camera in cameras:
        names.add_metric((camera.id,), {"name": camera.name})
    yield names
    yield from _streams(cameras, served.clock.monotonic_ns())
    yield from _watching(cameras, served.hub)
    yield from _recordings(cameras)
    yield from _licences(served.gate, cameras)
    yield from _storage(served)
    yield from _disks(sources.shelves)
    yield from own_families(served, sources.lag)


def _streams(cameras: Iterable[CameraState], now_ns: int) -> Iterator[Metric]:
    every = [((camera.id, name), stream) for camera in cameras for name, stream in camera.streams.items()]
    yield gauge("stream_up", "1 while pictures come", _STREAM, ((of, one.phase == "streaming") for of, one in every))
    yield counter("stream_pictures", "Pictures received", _STREAM, ((of, one.units) for of, one in every))
    yield counter(
        "stream_packets_lost", "Packets that did not arrive", _STREAM, ((of, one.packets_lost) for of, one in every)
    )
    yield counter(
        "stream_pictures_dropped",
        "Pictures that were not whole and are not recorded",
        _STREAM,
        ((of, one.pictures_dropped) for of, one in every),
    )
    yield gauge(
        "stream_picture_age_seconds",
        "Since the last picture",
        _STREAM,
        (
            (of, (now_ns - one.last_unit_monotonic_ns) / 1e9)
            for of, one in every
            if one.last_unit_monotonic_ns is not None
        ),
    )
    yield gauge("stream_fps", "Pictures a second", _STREAM, ((of, one.fps) for of, one in every))
    yield gauge(
        "stream_received_bytes_per_second",
        "Rate of the stream",
        _STREAM,
        ((of, one.bitrate_bps / 8) for of, one in every),
    )
    yield gauge(
        "camera_clock_skew_seconds",
        "How far the camera's clock is ahead, while it tells",
        _STREAM,
        ((of, one.clock_skew_ms / 1000) for of, one in every if one.clock_skew_ms is not None),
    )


def _watching(cameras: Iterable[CameraState], hub: Hub) -> Iterator[Metric]:
    feeds = [((camera.id, name), hub.feed(camera.id, name)) for camera in cameras for name in camera.streams]
    yield gauge("live_watchers", "Who watches it live, the monitor too", _STREAM, ((of, f.watchers) for of, f in feeds))
    yield counter(
        "live_pictures_dropped",
        "Pictures that a slow watcher did not get",
        _STREAM,
        ((of, feed.dropped_units) for of, feed in feeds),
    )


def _recordings(cameras: Iterable[CameraState]) -> Iterator[Metric]:
    every = [
        ((camera.id, name), state)
        for camera in cameras
        for name, state in (("main", camera.recording), ("sub", camera.sub_recording))
        if state is not None
    ]
    yield gauge(
        "recording", "1 while the stream is recorded", _STREAM, ((of, one.phase == "recording") for of, one in every)
    )
    yield gauge(
        "recording_stopped",
        "1, with the reason, while the stream is not recorded",
        (*_STREAM, "reason"),
        (((*of, one.reason), 1) for of, one in every if one.phase == "stopped" and one.reason),
    )
    yield gauge(
        "recording_last_picture_timestamp_seconds",
        "The newest picture handed to the disk",
        _STREAM,
        ((of, one.last_picture.timestamp()) for of, one in every if one.last_picture is not None),
    )


def _licences(gate: Gate, cameras: tuple[CameraState, ...]) -> Iterator[Metric]:
    now = gate.evidence().now
    decided = [
        ((camera.id, feature.value), gate.decide(feature, camera.id))
        for camera in cameras
        for feature in Feature
        if feature is not Feature.REMOTE_MAINTENANCE
    ]
    yield gauge(
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
    yield gauge(
        "licence_expiry_timestamp_seconds",
        "When the licence ends",
        ("camera",),
        ((of, at.timestamp()) for of, at in ends),
    )
    yield gauge(
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


def _storage(served: Served) -> Iterator[Metric]:
    storage, config = served.board.storage, served.config
    floors = [place.limits.free_bytes_min for place in volume_places(config.device.data_dir, config.storage)]
    for name, help, value in (
        ("storage_used_bytes", "Footage on the disks", storage.used_bytes),
        ("storage_capacity_bytes", "What footage may take", storage.bytes_max),
        ("storage_free_bytes", "Free on the disks, for everybody", storage.free_bytes),
        ("storage_free_min_bytes", "What of that is to stay free, on all disks together", sum(floors)),
        ("storage_segments", "Files of footage", storage.segments),
        ("storage_written_bytes_per_second", "Rate of writing", storage.written_bytes_per_second),
        ("storage_trouble", "1 while recording is hindered by a disk", bool(storage.message)),
    ):
        yield gauge(name, help, (), [((), float(value))])
    if storage.oldest is not None:
        oldest = storage.oldest.timestamp()
        yield gauge("storage_oldest_timestamp_seconds", "The oldest footage", (), [((), oldest)])


def _disks(shelves: Iterable[Shelf]) -> Iterator[Metric]:
    every = [((str(shelf.volume.root),), shelf) for shelf in shelves]
    label = ("volume",)
    yield gauge("disk_blocked", "1 while nothing may be written", label, ((of, s.health.blocked) for of, s in every))
    yield gauge("disk_queue_bytes", "Waiting to be written", label, ((of, s.writer.queued_bytes) for of, s in every))
    yield counter("disk_written_bytes", "Footage written", label, ((of, s.writer.bytes_written) for of, s in every))
    yield counter("disk_syncs", "Times footage was made safe", label, ((of, s.writer.syncs) for of, s in every))
    yield counter(
        "disk_sync_seconds", "What making it safe took", label, ((of, s.writer.sync_ns / 1e9) for of, s in every)
    )
    yield gauge(
        "disk_sync_max_seconds", "The longest of them", label, ((of, s.writer.sync_ns_max / 1e9) for of, s in every)
    )
