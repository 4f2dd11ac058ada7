"""Times of WS-Notification: `xs:duration` and `xs:dateTime`. Pure."""

import re
from datetime import UTC, datetime

SECONDS_MAX = 366 * 86_400.0
_DURATION = re.compile(
    r"(-)?P(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,6})D)?"
    r"(?:T(?:(\d{1,6})H)?(?:(\d{1,8})M)?(?:(\d{1,9}(?:\.\d{1,9})?)S)?)?"
)
_UNITS = (365 * 86_400, 30 * 86_400, 86_400, 3600, 60, 1)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?")


def seconds_of(text: str) -> float | None:
    """A duration in seconds (years of 365 days, months of 30), SECONDS_MAX at most; None if it is none."""
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()[1:]):
        return None
    seconds = sum(float(amount or 0) * unit for amount, unit in zip(match.groups()[1:], _UNITS, strict=True))
    return -seconds if match[1] else min(seconds, SECONDS_MAX)


def instant_of(text: str) -> datetime | None:
    """An instant, UTC where it names no zone; None if it is none."""
    if not _INSTANT.fullmatch(text):
        return None
    try:
        instant = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    except ValueError:
        return None
    return instant.replace(tzinfo=instant.tzinfo or UTC).astimezone(UTC)


def span_of(text: str, now: datetime) -> float | None:
    """How many seconds from `now` a termination time is, given in either way; None if it is neither."""
    seconds = seconds_of(text)
    if seconds is not None:
        return seconds
    instant = instant_of(text)
    return None if instant is None else (instant - now).total_seconds()


def told(instant: datetime) -> str:
    """An instant as cameras write it: UTC, to the millisecond."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
