"""The cameras of a recorder: each with tasks of its own, added, changed and removed without touching the others."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from gate.cancelled import raise_if_cancelled
from gate.client.gate import Gate
from gate.clock import Clock
from recorder.catalog.rows import Stream
from recorder.config import CameraConfig
from recorder.hub import Hub
from recorder.ingest.camera import CameraStream
from recorder.ingest.collector import Collector
from recorder.recording_control import RecordingControl
from recorder.segments.mode import RecordingMode
from recorder.segments.recorder import StreamRecorder
from recorder.state import CameraState, RecordingState, StateBoard, StreamState
from recorder.storage import Storage

RECORDING_RETRY_SECONDS = 5.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraChanges:
    """What `Cameras.apply` did, by camera."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


@dataclass(slots=True, kw_only=True)
class _Camera:
    config: CameraConfig
    recorders: "dict[Stream, StreamRecorder]"
    streams: dict[str, CameraStream]
    tasks: "dict[str, asyncio.Task[None]]" = field(default_factory=dict)

    def set_mode(self, mode: RecordingMode) -> None:
        """Records in this mode from the next picture on, every stream that is recorded."""
        for recorder in self.recorders.values():
            recorder.set_mode(mode)

    def trigger(self) -> bool:
        """Something has happened; whether it is recorded."""
        recorded = [recorder.trigger() for recorder in self.recorders.values()]
        return any(recorded)


class Cameras:
    """`apply` the configured cameras, then `run` for as long as the recorder lives; `apply` again at any time."""

    def __init__(
        self,
        *,
        hub: Hub,
        gate: Gate,
        storage: Storage,
        board: StateBoard,
        recordings: RecordingControl,
        clock: Clock,
        key_wish: Callable[[str, str], None] = lambda _camera, _stream: None,
    ) -> None:
        """`key_wish`: told of each stream that wants a key frame soon, beside what its own connection can do."""
        self._hub = hub
        self._gate = gate
        self._storage = storage
        self._board = board
        self._recordings = recordings
        self._clock = clock
        self._key_wish = key_wish
        self._collector = Collector(clock)
        self._cameras: dict[str, _Camera] = {}
        self._sources: dict[str, Sequence[CameraStream]] = {}
        self._group: asyncio.TaskGroup | None = None
        self._applying = asyncio.Lock()

    @property
    def sources(self) -> Mapping[str, Sequence[CameraStream]]:
        """The streams of each camera, as of now: it changes with `apply`."""
        return self._sources

    async def run(self) -> None:
        """Until cancelled: every camera is then left in good order."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            group.create_task(self._collector.run(), name="collector")
            try:
                for camera in self._cameras.values():
                    self._start(camera, (*camera.streams, *map(_recording, camera.recorders)))
                await asyncio.Event().wait()
            finally:
                self._group = None

    async def apply(self, wanted: Sequence[CameraConfig]) -> CameraChanges:
        """Makes these the cameras of the recorder, in this order; whoever is the same goes on undisturbed."""
        async with self._applying:
            ids = {config.id for config in wanted}
            removed = tuple(camera for camera in self._cameras if camera not in ids)
            for camera in removed:
                await self._remove(camera)
            added, changed = [], []
            for config in wanted:
                known = self._cameras.get(config.id)
                if known is None:
                    await self._add(config)
                    added.append(config.id)
                elif known.config != config:
                    await self._change(known, config)
                    changed.append(config.id)
            self._board.cameras = {config.id: self._board.cameras[config.id] for config in wanted}
            changes = CameraChanges(added=tuple(added), changed=tuple(changed), removed=removed)
            if changes:
                self._board.changed()
            return changes

    async def _add(self, config: CameraConfig) -> None:
        now = self._clock.now()
        self._gate.add_camera(config.id)
        await self._storage.prepare(config.id)
        self._board.cameras[config.id] = CameraState(
            id=config.id,
            name=config.name or config.id,
            streams={stream: StreamState(since=now) for stream in config.streams},
            recording=RecordingState(since=now),
        )
        mode = self._recordings.mode_of(config.id, config.record)
        self._storage.set_share(config.id, config.bytes_max)
        recorders = {stream: self._recorder(config, stream, mode) for stream in config.record_streams}
        streams = {stream: self._stream(config, stream) for stream in config.streams}
        self._cameras[config.id] = camera = _Camera(config=config, recorders=recorders, streams=streams)
        self._recordings.add(config.id, camera)
        self._sources[config.id] = tuple(streams.values())
        self._start(camera, (*streams, *map(_recording, recorders)))

    async def _change(self, camera: _Camera, config: CameraConfig) -> None:
        """Only the streams that differ begin anew; the recording goes on with what comes."""
        before, camera.config = camera.config, config
        state = self._board.cameras[config.id]
        state.name = config.name or config.id
        self._storage.set_share(config.id, config.bytes_max)
        if before.record != config.record:
            camera.set_mode(self._recordings.mode_of(config.id, config.record))
        await self._change_recorded(camera, config)
        login_changed = (before.user, before.password, before.auth) != (config.user, config.password, config.auth)
        anew = [
            stream
            for stream in {**before.streams, **config.streams}
            if login_changed or before.streams.get(stream) != config.streams.get(stream)
        ]
        await self._stop(camera, anew)
        for stream in anew:
            old = camera.streams.pop(stream, None)
            state.streams.pop(stream, None)
            if stream in config.streams:
                state.streams[stream] = StreamState(since=self._clock.now())
                camera.streams[stream] = self._stream(config, stream, old)
        state.streams = {stream: state.streams[stream] for stream in config.streams}
        self._sources[config.id] = tuple(camera.streams.values())
        self._start(camera, [stream for stream in anew if stream in camera.streams])

    async def _remove(self, camera_id: str) -> None:
        camera = self._cameras.pop(camera_id)
        self._sources.pop(camera_id)
        await self._stop(camera, tuple(camera.tasks))
        self._recordings.remove(camera_id)
        self._board.cameras.pop(camera_id)
        self._hub.remove(camera_id)
        self._storage.forget(camera_id)

    async def _change_recorded(self, camera: _Camera, config: CameraConfig) -> None:
        """Begins and ends the recording of streams."""
        for stream in [stream for stream in camera.recorders if stream not in config.record_streams]:
            await self._stop(camera, [_recording(stream)])
            del camera.recorders[stream]
            self._storage.forget(config.id, [stream])
            self._board.cameras[config.id].sub_recording = None
        for stream in config.record_streams:
            if stream not in camera.recorders:
                await self._storage.prepare(config.id)
                mode = self._recordings.mode_of(config.id, config.record)
                camera.recorders[stream] = self._recorder(config, stream, mode)
                self._start(camera, [_recording(stream)])

    def _recorder(self, config: CameraConfig, stream: Stream, mode: RecordingMode) -> StreamRecorder:
        if stream == "sub":
            self._board.cameras[config.id].sub_recording = RecordingState(since=self._clock.now())
        return self._storage.recorder(config.id, self._hub.feed(config.id, stream), self._gate, mode, stream)

    def _stream(self, config: CameraConfig, stream: str, old: CameraStream | None = None) -> CameraStream:
        return CameraStream(
            camera=config,
            stream=stream,
            feed=self._hub.feed(config.id, stream),
            state=self._board.cameras[config.id].streams[stream],
            board=self._board,
            clock=self._clock,
            key_wish=partial(self._key_wish, config.id, stream),
            run_before=old.last_run if old else 0,
            batching_allowed=old.batching_allowed if old else True,
            collector=self._collector,
        )

    def _start(self, camera: _Camera, names: Iterable[str]) -> None:
        if self._group is None:
            return
        for name in names:
            job = camera.streams[name].run() if name in camera.streams else self._recording_job(camera, name)
            camera.tasks[name] = self._group.create_task(job, name=f"camera {camera.config.id} {name}")

    def _recording_job(self, camera: _Camera, name: str) -> Coroutine[Any, Any, None]:
        recorder = next(recorder for stream, recorder in camera.recorders.items() if _recording(stream) == name)
        return keep_recording(camera.config.id, recorder.run, self._clock)

    async def _stop(self, camera: _Camera, names: Sequence[str]) -> None:
        tasks = [task for name in names if (task := camera.tasks.pop(name, None)) is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


async def keep_recording(camera: str, run: Callable[[], Awaitable[None]], clock: Clock) -> None:
    """Runs a camera's recording until cancelled: a defect in it ends its run, and neither that camera's recording for
    good nor anybody else's."""
    while True:
        try:
            await run()
        except Exception:
            _log.exception("camera %s: recording ended by a defect; it begins again", camera)
        raise_if_cancelled()
        await clock.sleep(RECORDING_RETRY_SECONDS)


def _recording(stream: Stream) -> str:
    """The name of the task that records a stream."""
    return f"recording {stream}"
