"""What is checked of the crossing itself: streams end at X, nothing is recorded after it, a licence brings all back."""

import asyncio
import json
from collections.abc import Mapping, Sequence

import aiohttp

from gate.clock import instant_of
from gate.verify.errors import ProbeError
from gate.verify.marks import marks_in
from gate.verify.matrix import Check, Expected, Row
from gate.verify.probes.answers import CLOSE_LICENCE, ask
from gate.verify.probes.recorded import all_marks, newest_marks
from gate.verify.scenario import Limits
from gate.verify.site import Site
from gate.verify.together import together
from gate.verify.watch_download import LATE_BYTES_MAX
from gate.verify.watched import Watched

FLOWED_MS = 1000
"""A recording whose last picture is older than this at X had ended by itself."""
CLOSED_MS_MAX = 1500
"""The last words may follow the last picture after a while."""
WRITTEN_SECONDS = 8.0
AGAIN_SECONDS = 15.0
_LOOK_SECONDS = 0.02
_EVENTS_MAX = 1000


def check_cuts(
    streams: Sequence[Watched],
    expiry_ns: int,
    until_ns: int,
    offset_ns: int,
    coming: Mapping[str, Mapping[Row, Expected]],
    limits: Limits,
) -> list[Check]:
    """How streams that were open at X have ended, or gone on, as the rows of the next columns say of their cameras.
    What is of no single camera goes on while any camera's does. `until_ns`: so long they were watched (site time).
    Pure."""
    checks = []
    for one in streams:
        row = one.row
        words = {rows[row] for camera, rows in coming.items() if row in rows and one.camera in (camera, None)}
        if not words:
            continue
        expected: Expected = "works" if "works" in words else "stops"
        seen = one.evidence(expiry_ns, offset_ns)
        shown = one.messages > 0 and one.newest_utc_us > 0
        if not one.opened_ns or (one.is_video and not shown):
            holds, text = None, "it was never open"
        elif expected == "works":
            ended = bool(one.closed_ns) if one.ends_by != "close code" else one.close is not None
            flows = _flows_until(one, seen, (until_ns - expiry_ns) / 1e6)
            holds, text = flows and not ended and not one.trouble, "it goes on across X"
        else:
            holds, text = _is_cut(one, seen, limits), "it is cut at X"
        if one.is_video and shown:
            text += f": last media {seen['last_media_ms']:+.0f} ms, its picture {seen['newest_picture_ms']:+.0f} ms"
        checks.append(Check(name=one.name, row=row, holds=holds, text=text, evidence=seen))
    return checks


def _flows_until(one: Watched, seen: Mapping[str, float | None], end_ms: float) -> bool:
    """That it is open is not enough: its media are as new as by its nature they can be. Nothing has to happen."""
    newest_ms = seen["newest_picture_ms"] if one.is_video else seen["last_media_ms"]
    return one.camera is None or (newest_ms is not None and newest_ms >= end_ms - one.lag_ms_max)


def _is_cut(one: Watched, seen: Mapping[str, float], limits: Limits) -> bool:
    says_so = {
        "close code": one.close == CLOSE_LICENCE,
        "its end": not one.trouble,
        "a refusal": one.end.get("problem") is not None,
    }
    if not says_so[one.ends_by] or not one.closed_ns or not 0 <= seen["closed_ms"] <= limits.cut_ms + CLOSED_MS_MAX:
        return False
    if not one.is_video:
        return one.late_bytes <= LATE_BYTES_MAX
    flowed_until_x = -one.lag_ms_max <= seen["newest_picture_ms"] < limits.late_ms
    return flowed_until_x and seen["last_media_ms"] <= limits.cut_ms


async def check_disk_ends(site: Site, ends: Mapping[str, int], limits: Limits) -> list[Check]:
    """That the last picture on the disk is of just before its X (site time), for each of these cameras."""
    checks = []
    if ends and (unseen := _unseen(site)) is not None:
        return [unseen]
    for camera, expiry_ns in ends.items():
        marks = await asyncio.to_thread(newest_marks, site.footage, camera)
        name = f"recording of {camera}"
        if not marks:
            checks.append(Check(name=name, row="M3", holds=None, text="there is no footage at all"))
            continue
        last_ms = (marks[-1].utc_us * 1000 - expiry_ns) / 1e6
        evidence = {"frame": marks[-1].number, "last_picture_ms": round(last_ms, 3)}
        text = f"it ends at X: last picture {last_ms:+.0f} ms"
        checks.append(
            Check(name=name, row="M3", holds=-FLOWED_MS <= last_ms < limits.late_ms, text=text, evidence=evidence)
        )
    return checks


class Return:
    """Watches live view and disk come back, of cameras that lapsed at those instants (site time). Times by the
    machine's clock."""

    def __init__(self, site: Site, lapsed: Mapping[str, int]) -> None:
        self._site = site
        self._lapsed = lapsed
        self._live_ns: dict[str, int] = {}
        self._first_utc_us: dict[str, int] = {}
        self._tasks = {camera: asyncio.create_task(self._live(camera), name=f"{camera} is back") for camera in lapsed}

    async def close(self) -> None:
        """Nothing is watched any more."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _live(self, camera: str) -> None:
        """Asks for the live view again and again until a picture comes, or for AGAIN_SECONDS: of the sub stream, as who
        watches has key frames sent, and the recording of the main stream must ask for its own."""
        site = self._site
        url = site.remote(f"cameras/{camera}/live?stream=sub")
        end_ns = site.clock.monotonic_ns() + round(AGAIN_SECONDS * 1e9)
        while (left_ns := end_ns - site.clock.monotonic_ns()) > 0:
            try:
                async with (
                    site.clock.timeout(left_ns / 1e9),
                    site.session.ws_connect(url, max_msg_size=16 << 20) as ws,
                ):
                    async for message in ws:
                        if message.type is not aiohttp.WSMsgType.BINARY:
                            continue
                        self._live_ns.setdefault(camera, site.clock.now_ns())
                        if (taken_us := min((mark.utc_us for mark in marks_in(message.data)), default=0)) > 0:
                            self._first_utc_us[camera] = taken_us  # an init segment has no picture yet
                            return
            except (aiohttp.ClientError, OSError):
                pass
            await site.clock.sleep(_LOOK_SECONDS)

    async def checks(self, cameras: Sequence[str], asked_ns: int, answered_ns: int, limits: Limits) -> list[Check]:
        """Everything after the licences of these cameras were asked for and given (the machine's clock)."""
        await asyncio.gather(*(self._tasks[camera] for camera in cameras))
        lives = [self._seen_live(camera, asked_ns, answered_ns, limits) for camera in cameras]
        if cameras and (unseen := _unseen(self._site)) is not None:
            return [*lives, unseen]
        recorded = [self._recorded(camera, asked_ns, answered_ns, limits) for camera in cameras]
        return [*lives, *await together(*recorded)]

    def _seen_live(self, camera: str, asked_ns: int, answered_ns: int, limits: Limits) -> Check:
        name, live_ns = f"live view of {camera} is back", self._live_ns.get(camera)
        if live_ns is None:
            return Check(name=name, row="M2", holds=False, text=f"not within {AGAIN_SECONDS:.0f} s")
        after_ms = (live_ns - answered_ns) / 1e6
        taken_ms = (self._first_utc_us.get(camera, 0) * 1000 - self._site.offset_ns - asked_ns) / 1e6
        text = f"first picture {after_ms:+.0f} ms from the licence"
        if taken_ms < 0:
            text += "; it was taken while it was lapsed"
        evidence = {
            "after_ms": round(after_ms, 3),
            "at": _iso(live_ns + self._site.offset_ns),
            "taken_ms_after_asking": round(taken_ms, 3),
        }
        return Check(
            name=name, row="M2", holds=after_ms <= limits.restored_ms and taken_ms >= 0, text=text, evidence=evidence
        )

    async def _recorded(self, camera: str, asked_ns: int, answered_ns: int, limits: Limits) -> Check:
        """By the times of the pictures themselves, whenever they reach the disk."""
        site = self._site
        name = f"recording of {camera} is back"
        end_ns = site.clock.monotonic_ns() + round(WRITTEN_SECONDS * 1e9)
        while True:
            marks = await asyncio.to_thread(all_marks, site.footage, camera)
            since = [mark for mark in marks if mark.utc_us * 1000 >= self._lapsed[camera]]
            if since and since[-1].utc_us * 1000 >= answered_ns + site.offset_ns:
                break
            if site.clock.monotonic_ns() > end_ns:
                return Check(name=name, row="M3", holds=False, text=f"not within {WRITTEN_SECONDS:.0f} s")
            await site.clock.sleep(10 * _LOOK_SECONDS)
        sub = await asyncio.to_thread(all_marks, site.footage, camera, "sub")
        asked_us = (asked_ns + site.offset_ns) / 1000
        stolen = [mark for mark in (*since, *sub) if self._lapsed[camera] / 1000 <= mark.utc_us < asked_us]
        first = next(mark for mark in since if mark.utc_us >= asked_us)
        after_ms = (first.utc_us * 1000 - site.offset_ns - answered_ns) / 1e6
        text = f"first picture {after_ms:+.0f} ms from the licence"
        if stolen:
            text += f"; {len(stolen)} pictures were taken while it was lapsed"
        evidence = {"after_ms": round(after_ms, 3), "frame": first.number, "taken_while_lapsed": len(stolen)}
        return Check(
            name=name, row="M3", holds=not stolen and after_ms <= limits.restored_ms, text=text, evidence=evidence
        )


def _unseen(site: Site) -> Check | None:
    """Where the recorder's disk cannot be looked at."""
    try:
        _ = site.footage
    except ProbeError as error:
        return Check(name="recording", row="M3", holds=None, text=str(error))
    return None


async def check_silence(site: Site, tokens: Sequence[str]) -> Check:
    """That nobody was ever told of events that happened while lapsed, afterwards either: nor is who asks for the list
    of events. Raises ProbeError."""
    ways = [way for way in (site.webhook, site.mqtt, site.mail) if way is not None]
    answer = await ask(site, site.remote(f"events?limit={_EVENTS_MAX}"))
    listed = {event["detail"] for event in json.loads(answer.body)["events"]} if answer.denial is None else set()
    told = [token for token in tokens if token in listed or any(way.about(token) is not None for way in ways)]
    text = f"{len(told)} of {len(tokens)} events from while it was lapsed were told later"
    return Check(name="no late notices", row="M8", holds=not told, text=text, evidence={"told": told})


def _iso(at_ns: int) -> str:
    return instant_of(at_ns).isoformat(timespec="milliseconds")
