"""Mutants of the remote side: live view, control and download (M2), playback (M5), events (M8), maintenance (M9)."""

from tests.mutants.mutant import Change, Mutant
from tests.mutants.scenes import (
    COMES_BACK,
    DOWNLOAD_ENDS,
    EVENTS_END,
    EVENTS_TOLD_BEFORE,
    LIVE_ENDS,
    MAINTENANCE_ENDS,
    NOTHING_TOLD_LATER,
    PLAYBACK_ENDS,
)

_ROUTES = "recorder/remote/routes.py"
_PLAYBACK = "recorder/remote/playback"

LIVE = (
    Mutant(
        name="live-without-lease",
        row="M2",
        says="the live WebSocket asks for a permission that everybody has",
        changes=[
            Change(
                file=_ROUTES,
                old="feature=Feature.REMOTE_LIVE,",
                new="feature=Feature.HDMI_LIVE,",
            )
        ],
        scene=LIVE_ENDS,
        red=["after X/M2", "live view of cam1"],
    ),
    Mutant(
        name="live-closed-without-reason",
        row="M2",
        says="at X the live WebSocket is closed with 1000",
        changes=[
            Change(
                file="recorder/web/live_route.py",
                old="close_code=row.websocket_code,",
                new="close_code=1000,",
            )
        ],
        scene=LIVE_ENDS,
        red=["live view of cam1"],
    ),
    Mutant(
        name="live-shows-cached-pictures-of-the-dark-time",
        row="M2",
        says="a lease covers what was captured before it was granted: a viewer begins with the cached pictures",
        changes=[
            Change(
                file="gate/client/lease.py",
                old="return self.from_ns <= utc_ns < self.until_ns and self.from_monotonic_ns <= arrival_ns",
                new="return utc_ns < self.until_ns",
            )
        ],
        scene=COMES_BACK,
        red=["live view of cam1 is back"],
    ),
    Mutant(
        name="snapshot-without-lease",
        row="M2",
        says="a snapshot asks for a permission that everybody has",
        changes=[
            Change(
                file="recorder/remote/snapshot.py",
                old="async with self._gate.lease(Feature.REMOTE_LIVE, camera) as lease:",
                new="async with self._gate.lease(Feature.HDMI_LIVE, camera) as lease:",
            )
        ],
        scene=LIVE_ENDS,
        red=["after X/M2"],
    ),
    Mutant(
        name="control-without-lease",
        row="M2",
        says="presets ask for a permission that everybody has",
        changes=[
            Change(
                file="recorder/web/control_route.py",
                old="lease = self._gate.lease(Feature.REMOTE_CONTROL, camera)",
                new="lease = self._gate.lease(Feature.HDMI_LIVE, camera)",
            )
        ],
        scene=LIVE_ENDS,
        red=["after X/M2"],
    ),
    Mutant(
        name="download-without-lease",
        row="M2",
        says="footage is downloaded without a lease",
        changes=[
            Change(
                file=f"{_PLAYBACK}/footage_route.py",
                old="return await self._leased.answer(request, partial(self._work, request))",
                new="return await self._work(request)",
            )
        ],
        scene=LIVE_ENDS,
        red=["after X/M2"],
    ),
    Mutant(
        name="hls-without-lease",
        row="M2",
        says="HLS asks for a permission that everybody has",
        changes=[
            Change(
                file="recorder/remote/hls/route.py",
                old="async with self._served.gate.lease(Feature.REMOTE_LIVE, camera) as lease:",
                new="async with self._served.gate.lease(Feature.HDMI_LIVE, camera) as lease:",
            ),
            Change(
                file="recorder/remote/hls/route.py",
                old="self._served.gate.lease(Feature.REMOTE_LIVE, key[0]) as lease,",
                new="self._served.gate.lease(Feature.HDMI_LIVE, key[0]) as lease,",
            ),
        ],
        scene=LIVE_ENDS,
        red=["after X/M2", "HLS of cam1"],
    ),
    Mutant(
        name="hls-pieces-without-lease",
        row="M2",
        says="the live playlist is refused, but who knows a piece's name gets it",
        changes=[
            Change(
                file="recorder/remote/hls/route.py",
                old="return await self._leased(request, partial(self._held, Window.piece))",
                new="return await self._held(\n"
                '            Window.piece, request, (request.match_info["camera"], request.match_info["stream"])\n'
                "        )",
            ),
            Change(
                file="recorder/remote/hls/route.py",
                old="self._served.gate.lease(Feature.REMOTE_LIVE, key[0]) as lease,",
                new="self._served.gate.lease(Feature.HDMI_LIVE, key[0]) as lease,",
            ),
        ],
        scene=LIVE_ENDS,
        red=["HLS of cam1"],
    ),
    Mutant(
        name="jpeg-without-lease",
        row="M2",
        says="live JPEG asks for a permission that everybody has",
        changes=[
            Change(
                file="recorder/remote/stills_route.py",
                old="async with self._served.gate.lease(Feature.REMOTE_LIVE, key[0]) as lease:",
                new="async with self._served.gate.lease(Feature.HDMI_LIVE, key[0]) as lease:",
            )
        ],
        scene=LIVE_ENDS,
        red=["after X/M2", "JPEG of cam1"],
    ),
    Mutant(
        name="rtsp-described-without-lease",
        row="M2",
        says="over RTSP a camera is described and played without a licence",
        changes=[
            Change(
                file="recorder/remote/restream/connection.py",
                old="async with self._served.gate.lease(Feature.REMOTE_LIVE, place.camera) as lease:",
                new="async with self._served.gate.lease(Feature.HDMI_LIVE, place.camera) as lease:",
            ),
            Change(
                file="recorder/remote/restream/connection.py",
                old="decision = self._served.gate.decide(Feature.REMOTE_LIVE, camera)",
                new="decision = self._served.gate.decide(Feature.HDMI_LIVE, camera)",
            ),
            Change(
                file="recorder/remote/restream/player.py",
                old="async with self._served.gate.lease(Feature.REMOTE_LIVE, self.camera) as lease:",
                new="async with self._served.gate.lease(Feature.HDMI_LIVE, self.camera) as lease:",
            ),
        ],
        scene=LIVE_ENDS,
        red=["after X/M2", "RTSP of cam1"],
    ),
    Mutant(
        name="rtsp-goes-on",
        row="M2",
        says="over RTSP nobody begins to watch without a licence, but who watches goes on",
        changes=[
            Change(
                file="recorder/remote/restream/player.py",
                old="async with self._served.gate.lease(Feature.REMOTE_LIVE, self.camera) as lease:",
                new="async with self._served.gate.lease(Feature.HDMI_LIVE, self.camera) as lease:",
            )
        ],
        scene=LIVE_ENDS,
        red=["RTSP of cam1"],
    ),
    Mutant(
        name="export-without-lease",
        row="M2",
        says="exports are ordered and made without a licence",
        changes=[
            Change(
                file="recorder/exports/exporter.py",
                old="FEATURES = (Feature.REMOTE_DOWNLOAD, Feature.REMOTE_PLAYBACK)",
                new="FEATURES = (Feature.HDMI_LIVE, Feature.HDMI_PLAYBACK)",
            )
        ],
        scene=LIVE_ENDS,
        red=["after X/M2"],
    ),
)

PLAYBACK = (
    Mutant(
        name="playback-without-lease",
        row="M5",
        says="every route of playback asks for a permission that everybody has",
        changes=[
            Change(
                file=f"{_PLAYBACK}/leased.py",
                old="async with self.served.gate.lease(Feature.REMOTE_PLAYBACK, camera) as lease:",
                new="async with self.served.gate.lease(Feature.HDMI_PLAYBACK, camera) as lease:",
            )
        ],
        scene=PLAYBACK_ENDS,
        red=["after X/M5"],
    ),
    Mutant(
        name="playback-pieces-without-lease",
        row="M5",
        says="the playlist is refused, but who knows a piece's name gets it",
        changes=[
            Change(
                file=f"{_PLAYBACK}/hls_route.py",
                old="moved = read_moved(piece, int(at) - piece.places[0].entry.decode_time_90k)\n"
                "            return await self._leased.send(request, response, moved)\n\n"
                "        return await self._leased.answer(request, work)",
                new="moved = read_moved(piece, int(at) - piece.places[0].entry.decode_time_90k)\n"
                "            return await self._leased.send(request, response, moved)\n\n"
                "        return await work()",
            )
        ],
        scene=PLAYBACK_ENDS,
        red=["after X/M5"],
    ),
    Mutant(
        name="download-goes-on",
        row="M5",
        says="nobody begins a download without a licence, but one that is under way goes on",
        changes=[
            Change(
                file=f"{_PLAYBACK}/footage_route.py",
                old="return await self._leased.answer(request, partial(self._work, request))",
                new="from gate.licence.decision import Granted\n"
                "            from gate.licence.features import Feature\n"
                "            gate, camera = self._leased.served.gate, camera_of(request)\n"
                "            if isinstance(gate.decide(Feature.REMOTE_PLAYBACK, camera), Granted):\n"
                "                return await self._work(request)\n"
                "            return await self._leased.answer(request, partial(self._work, request))",
            )
        ],
        scene=DOWNLOAD_ENDS,
        red=["download of cam1"],
    ),
    Mutant(
        name="timeline-without-lease",
        row="M5",
        says="the timeline is shown without a lease",
        changes=[
            Change(
                file=f"{_PLAYBACK}/timeline_route.py",
                old="return await self._form.timeline(camera_of(request), wanted, self._leased.language(request))\n\n"
                "        return await self._leased.answer(request, work)",
                new="return await self._form.timeline(camera_of(request), wanted, self._leased.language(request))\n\n"
                "        return await work()",
            )
        ],
        scene=PLAYBACK_ENDS,
        red=["after X/M5"],
    ),
)

EVENTS = (
    Mutant(
        name="events-go-on",
        row="M8",
        says="the WebSocket of events is not ended, and shows whatever happens",
        changes=[
            Change(
                file=_ROUTES,
                old="config=served.config,\n        feature=Feature.REMOTE_EVENTS,",
                new="config=served.config,\n        feature=Feature.HDMI_EVENTS,",
            )
        ],
        scene=EVENTS_END,
        red=["after X/M8", "events"],
    ),
    Mutant(
        name="events-not-ended",
        row="M8",
        says="the WebSocket of events shows nothing after X, but goes on",
        changes=[
            Change(
                file="recorder/web/events_route.py",
                old="while (denial := self._access.denial()) is None:\n"
                "            await self._gate.wait_changed(self._gate.version)",
                new="while (denial := self._access.denial()) is None or denial:\n"
                "            await asyncio.Event().wait()",
            )
        ],
        scene=EVENTS_END,
        red=["events"],
    ),
    Mutant(
        name="webhook-told-while-lapsed",
        row="M8",
        says="notices are made and taken to their endpoints without a licence",
        changes=[
            Change(
                file="recorder/notify/notices.py",
                old="if not event.licensed or not self._may_tell(event.camera):",
                new="if event.number < 0:",
            ),
            Change(
                file="recorder/notify/courier.py",
                old="self._gate.lease(Feature.REMOTE_EVENTS, camera)",
                new="self._gate.lease(Feature.HDMI_EVENTS, camera)",
            ),
            Change(
                file="recorder/notify/courier.py",
                old="self._gate.decide(Feature.REMOTE_EVENTS, one)",
                new="self._gate.decide(Feature.HDMI_EVENTS, one)",
            ),
        ],
        scene=EVENTS_END,
        red=["after X/M8"],
    ),
    Mutant(
        name="webhook-told-later",
        row="M8",
        says="what happens while lapsed waits in the outbox, and is told with the next licence",
        changes=[
            Change(
                file="recorder/notify/notices.py",
                old="if not event.licensed or not self._may_tell(event.camera):",
                new="if event.number < 0:",
            )
        ],
        scene=NOTHING_TOLD_LATER,
        red=["no late notices"],
    ),
    Mutant(
        name="mqtt-state-while-lapsed",
        row="M8",
        says="a broker is told how a lapsed camera's notices stand",
        changes=[
            Change(
                file="recorder/notify/mqtt_facts.py",
                old="decision = self._gate.decide(Feature.REMOTE_EVENTS, camera.id)",
                new="decision = self._gate.decide(Feature.HDMI_EVENTS, camera.id)",
            )
        ],
        scene=EVENTS_END,
        red=["after X/M8"],
    ),
    Mutant(
        name="event-pictures-without-licence",
        row="M8",
        says="who knows an event's number gets its picture",
        changes=[
            Change(
                file=_ROUTES,
                old="catalog=served.catalog, feature=Feature.REMOTE_EVENTS)",
                new="catalog=served.catalog, feature=Feature.HDMI_EVENTS)",
            )
        ],
        scene=EVENTS_TOLD_BEFORE,
        red=["after X/M8"],
    ),
    Mutant(
        name="events-listed-later",
        row="M8",
        says="what happens while lapsed counts as licensed: the list of events has it with the next licence",
        changes=[
            Change(
                file="recorder/events/sources.py",
                old="return any(isinstance(gate.decide(Feature.REMOTE_EVENTS, each), Granted) for each in cameras)",
                new="return bool(cameras)",
            )
        ],
        scene=NOTHING_TOLD_LATER,
        red=["no late notices"],
    ),
)

MAINTENANCE = (
    Mutant(
        name="maintenance-without-licence",
        row="M9",
        says="every operation of maintenance is open",
        changes=[
            Change(
                file="recorder/remote/maintenance_door.py",
                old="if not isinstance(decision, Denied):\n            return None",
                new="if decision is not None:\n            return None",
            )
        ],
        scene=MAINTENANCE_ENDS,
        red=["after X/M9"],
    ),
    Mutant(
        name="restart-without-licence",
        row="M9",
        says="cameras are restarted from afar without a licence",
        changes=[
            Change(
                file="recorder/web/control_route.py",
                old="decision = self._gate.decide(Feature.REMOTE_MAINTENANCE, None) if self._remote else None",
                new="decision = None",
            )
        ],
        scene=MAINTENANCE_ENDS,
        red=["after X/M9"],
    ),
    Mutant(
        name="device-information-without-licence",
        row="M9",
        says="the device's information is open",
        changes=[
            Change(
                file="recorder/remote/device_route.py",
                old="if isinstance(decision, Denied):",
                new="if False:",
            )
        ],
        scene=MAINTENANCE_ENDS,
        red=["after X/M9"],
    ),
)

REMOTE = (*LIVE, *PLAYBACK, *EVENTS, *MAINTENANCE)
