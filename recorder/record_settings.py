"""`record` of a camera in configuration and API: how it is recorded, as people write it.

`continuous`, `event`, `schedule` or `off`; or an object with `mode` and the seconds or the schedule that go with it. A
schedule may stand beside any mode: it is there when the mode is changed to `schedule`.
"""

from collections.abc import Mapping
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from gate.config_fields import Section
from recorder.segments.mode import RecordingMode
from recorder.segments.schedule import WeeklySchedule, parse_span
from recorder.state import RecordingModeName

PRE_EVENT_SECONDS_MAX = 60
POST_EVENT_SECONDS_MAX = 3600
SPANS_MAX = 50


def _name(value: Any) -> Any:
    return "off" if value is False else value  # YAML reads a bare `off` as a truth value


def _span(value: str) -> str:
    parse_span(value)
    return value


def _list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def short_form(value: Any) -> Any:
    """`event` for `{mode: event}`."""
    return value if isinstance(value, (Mapping, RecordSettings)) else {"mode": value}


Span = Annotated[str, Field(max_length=80), AfterValidator(_span)]


class RecordSettings(Section):
    """`pre_event_seconds` None: as `storage.pre_event_seconds` says."""

    mode: Annotated[RecordingModeName, BeforeValidator(_name)] = "continuous"
    pre_event_seconds: float | None = Field(None, ge=0, le=PRE_EVENT_SECONDS_MAX)
    post_event_seconds: float = Field(30, ge=1, le=POST_EVENT_SECONDS_MAX)
    schedule: Annotated[tuple[Span, ...], BeforeValidator(_list), Field(max_length=SPANS_MAX)] = ()

    @model_validator(mode="after")
    def _schedule_is_there(self) -> "RecordSettings":
        if self.mode == "schedule" and not self.schedule:
            raise ValueError("the mode schedule needs a schedule, like [mon-fri 08:00-18:00, sat 10:00-14:00]")
        return self

    def changed(self, given: Any) -> "RecordSettings":
        """With what is given, in either form; the rest stays. Raises pydantic.ValidationError."""
        form = short_form(given)
        return RecordSettings.model_validate({**self.model_dump(), **form} if isinstance(form, Mapping) else form)

    def recording_mode(self, zone: ZoneInfo, pre_event_seconds: float) -> RecordingMode:
        """For the recorder. `pre_event_seconds`: where these settings have none."""
        spans = tuple(map(parse_span, self.schedule))
        return RecordingMode(
            name=self.mode,
            pre_event_seconds=pre_event_seconds if self.pre_event_seconds is None else self.pre_event_seconds,
            post_event_seconds=self.post_event_seconds,
            schedule=WeeklySchedule(spans=spans, zone=zone) if spans else None,
        )


Record = Annotated[RecordSettings, BeforeValidator(short_form)]
