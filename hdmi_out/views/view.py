"""What the screen asks of a view, and what a view is told. How one plugs in: hdmi_out/README.md."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import Enum
from typing import Protocol

from hdmi_out.compositor.canvas import Canvas
from hdmi_out.layout.rect import Rect
from hdmi_out.live import LiveSource, Source
from hdmi_out.osd.overlay import Overlay
from hdmi_out.osd.palette import TypeScale
from hdmi_out.osd.typeface import Typeface
from hdmi_out.osd.words import Words
from hdmi_out.pace import Pace
from hdmi_out.site_state import SiteState
from hdmi_out.views.keys import Command


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where views paint: `body` of the canvas is theirs, the bar below it is the screen's."""

    canvas: Canvas
    face: Typeface
    scale: TypeScale
    body: Rect


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """All that is known in this frame. `monotonic_ns` is for ages and periods, `now` (wall time) for what is written.
    `lost_seconds`: for how long the recorder has been unreachable; None while it is there. `reduced`: the pace of the
    output, where the machine is too busy for the one that is wanted."""

    now: datetime
    monotonic_ns: int
    zone: tzinfo
    words: Words
    state: SiteState | None
    lost_seconds: float | None
    live: Mapping[Source, LiveSource]
    reduced: Pace | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where to go: the name of a view, and what it is to show. From a view to another place of the same name: in its
    stead, so that `back` does not lead through all of them."""

    view: str
    camera: str = ""
    at: datetime | None = None
    page: int = 0


class Move(Enum):
    """Stay where we are, go back to where we came from (from the first view: to the menu), to the first view, or open
    the menu."""

    STAY = "stay"
    BACK = "back"
    HOME = "home"
    MENU = "menu"


@dataclass(frozen=True, slots=True)
class Say:
    """Stay, and show these few words for a moment."""

    text: str


Answer = Move | Place | Say


class View(Protocol):
    """One view. It is asked on the event loop only, and never blocks."""

    def wanted(self, moment: Moment) -> Mapping[Source, Rect]:
        """The live streams it shows now, each with the rectangle its pictures have to fit into; empty for none.
        Everything else is neither fetched nor decoded."""

    def compose(self, moment: Moment, *, whole: bool) -> Collection[Source]:
        """Paints what changed since the last time, within the body; `whole`: everything, for the canvas holds something
        else. Returns the streams whose new picture is now on the canvas."""

    def act(self, command: Command, moment: Moment) -> Answer:
        """What to do on a command. One that means nothing here: Move.STAY; `back` with nothing to leave: Move.BACK."""

    def caption(self, moment: Moment) -> str:
        """A few words for the bar while all is calm: which page, which camera; may be empty."""

    async def run(self) -> None:
        """Its own work while it is shown (fetching, following); cancelled when it is left, begun again when somebody
        comes back to it. May return at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Something opaque above the view, its upper left corner at x, y (even). One that did not change is the same
    object: it is painted again only where the view changed below it."""

    x: int
    y: int
    overlay: Overlay

    @property
    def area(self) -> Rect:
        """What it covers."""
        return Rect(self.x, self.y, self.overlay.width, self.overlay.height)


class Layer(Protocol):
    """Something that may lie above any view: pop-ups, the menu."""

    def panels(self, moment: Moment) -> Sequence[Panel]:
        """What it shows now, within the body; usually nothing."""

    def act(self, command: Command, moment: Moment) -> Answer | None:
        """What to do on a command; None where it is not for this layer. Layers are asked from the top down, then the
        view."""
