"""What a recorder would trust by its files, what it says itself where it runs, and whether its service answers."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp

from gate.client.errors import RootKeyError
from gate.client.on_disk import in_force_by
from gate.client.profiles import open_profile
from gate.clock import Clock
from gate.licence.decision import licence_of
from gate.licence.text import NO_TEXT, Text
from gate.shared_clock.client import stopped_site_now
from gate.shared_clock.errors import ClockError
from gate.shared_clock.server import STATE_NAME
from gate.yaml_file import ConfigError
from recorder.config import RecorderConfig
from recorder.doctor.facts.clock import skew_seconds
from recorder.doctor.rules.licence import LicenceFacts, ServiceFacts

ANSWER_SECONDS_MAX = 5.0


def look_at_licence(file: Path, config: RecorderConfig, clock: Clock) -> LicenceFacts:
    """By the files alone; blocks on the disk."""
    mode, state = config.clock.mode, config.device.data_dir / STATE_NAME
    try:
        now = stopped_site_now(mode, state)
        disk = in_force_by(file, now)
        profile = open_profile(config.licence.profile).for_kind(config.device.kind)
    except (RootKeyError, ClockError, ConfigError) as error:
        return LicenceFacts(now=clock.now(), broken=str(error).partition(";")[0].rstrip("."))
    entitlement, kind = disk.trusted.entitlement, config.device.kind
    return LicenceFacts(
        now=now,
        refusal=disk.refusal.problem if disk.refusal else NO_TEXT,
        cameras=tuple(
            (camera.id, licence_of(entitlement, profile, camera.id, now, kind=kind)) for camera in config.cameras
        ),
    )


async def look_at_service(url: str, state: Mapping[str, Any] | None, clock: Clock) -> tuple[ServiceFacts, float | None]:
    """Whether it answers, and how far our clock is ahead of its. `state`: of the recorder,
    None if it does not run."""
    told = ((state or {}).get("licence") or {}).get("service") or {}
    known: dict[str, Any] = {"registered": told.get("registered")} if told else {}
    known |= {"connected": told["phase"] == "connected"} if told else {}
    try:
        async with (
            clock.timeout(ANSWER_SECONDS_MAX),
            aiohttp.ClientSession() as session,
            session.get(f"{url.rstrip('/')}/healthz", allow_redirects=False) as answer,
        ):
            skew = skew_seconds(answer.headers.get("Date", ""), clock)
            failing = f"HTTP {answer.status}" if answer.status >= 500 else ""
    except TimeoutError:
        return ServiceFacts(url=url, error=f"no answer within {ANSWER_SECONDS_MAX:.0f} s", **known), None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        number = getattr(error, "errno", None)
        reason = os.strerror(number) if number and number > 0 else str(error) or type(error).__name__
        return ServiceFacts(url=url, error=reason.rstrip("."), **known), None
    return ServiceFacts(url=url, error=failing, **known), skew


def clock_doubt_of(state: Mapping[str, Any] | None) -> Text:
    """What the running recorder holds against its clock; empty if nothing, or if none runs."""
    clock = ((state or {}).get("licence") or {}).get("clock") or {}
    if not clock.get("doubt"):
        return NO_TEXT
    code = clock["doubt"]
    return Text(
        ja=f"レコーダーはこの機器の時計を信頼していません（{code}）。",
        en=f"The recorder does not trust this machine's clock ({code}).",
    )
