"""Moments as the screen would see them, made up by a test."""

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from hdmi_out.compositor.canvas import Canvas, Picture
from hdmi_out.layout.rect import Rect
from hdmi_out.layout.screen import plan_screen, scale_height
from hdmi_out.live import LiveSource, Source
from hdmi_out.osd.palette import type_scale
from hdmi_out.osd.typeface import Typeface
from hdmi_out.osd.words import words_of
from hdmi_out.site_state import Camera, CameraLicence, Device, Recording, SiteState, Stream
from hdmi_out.views.view import Moment, Stage

NOW = datetime(2026, 11, 22, 5, tzinfo=UTC)


def made_stage(canvas: Canvas, face: Typeface) -> Stage:
    """The stage of a screen of that canvas."""
    body = plan_screen(canvas.width, canvas.height).body
    return Stage(canvas=canvas, face=face, scale=type_scale(scale_height(canvas.width, canvas.height)), body=body)


def camera(name: str, *streams: str) -> Camera:
    """A camera that records and streams; main and sub, if nothing else is said."""
    phases = {stream: Stream(phase="streaming") for stream in streams or ("main", "sub")}
    return Camera(id=name, name=name, streams=phases, recording=Recording(phase="recording"))


def lapsed(known: Camera) -> Camera:
    """The same without a licence."""
    return dataclasses.replace(
        known, recording=Recording(phase="stopped", reason="licence"), licence=CameraLicence(state="lapsed", until=NOW)
    )


def moment(
    *cameras: Camera,
    live: Mapping[Source, LiveSource] | None = None,
    seconds: float = 0.0,
    language: str = "ja",
    lost_seconds: float | None = None,
) -> Moment:
    """A frame, `seconds` after the first."""
    return Moment(
        now=NOW,
        monotonic_ns=round(seconds * 1e9),
        zone=ZoneInfo("Asia/Tokyo"),
        words=words_of(language),
        state=SiteState(device=Device(id="rec-1"), cameras=cameras),
        lost_seconds=lost_seconds,
        live=live or {},
    )


def picture(area: Rect, luma: int) -> Picture:
    """A picture of one grey in the size of that rectangle."""
    half = (area.height // 2, area.width // 2)
    planes = (
        np.full((area.height, area.width), luma, np.uint8),
        np.full(half, 90, np.uint8),
        np.full(half, 160, np.uint8),
    )
    return Picture(width=area.width, height=area.height, planes=planes)


def live(area: Rect | None, luma: int = 0) -> LiveSource:
    """A live stream, with a new picture in the size of `area`, or without a new one."""
    fresh = None if area is None else picture(area, luma)
    return LiveSource(fresh=fresh, age_seconds=0.0 if fresh else 0.1, opened_seconds=60.0)


def silent(age_seconds: float | None, *, opened_seconds: float = 60.0, refusal: str = "") -> LiveSource:
    """A stream without new pictures."""
    return LiveSource(fresh=None, age_seconds=age_seconds, opened_seconds=opened_seconds, refusal=refusal)
