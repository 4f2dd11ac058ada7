"""The words for what a camera's pictures show. Pure."""

from typing import Literal, get_args

State = Literal["idle", "motion", "person", "vehicle", "dark", "blurred", "moved", "night"]
"""Nothing moves; people and vehicles; people; vehicles; a covered lens; a lens out of focus; a camera turned away; the
site by night."""
Activity = Literal["idle", "motion", "person", "vehicle"]
"""The states that are about who moves."""
Light = Literal["day", "night"]
STATES: tuple[State, ...] = get_args(State)
ACTIVITIES: tuple[Activity, ...] = get_args(Activity)


def activity_in(state: State, resting: Activity) -> Activity:
    """Who moves in a state of a camera that shows `resting` while nothing happens: in the states that are about the
    light or the camera itself, whoever moves otherwise. A covered lens shows nobody."""
    for activity in ACTIVITIES:
        if state == activity:
            return activity
    return "idle" if state == "dark" else resting
