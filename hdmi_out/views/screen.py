"""The screen: one view at a time over the always-visible bar, where we came from, and the layers above the view."""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import anyio

from hdmi_out.layout.rect import Rect
from hdmi_out.layout.screen import ScreenLayout
from hdmi_out.live import Source
from hdmi_out.osd import palette
from hdmi_out.views.bar import Bar
from hdmi_out.views.keys import Command, Key, Pointer
from hdmi_out.views.toast import Toast
from hdmi_out.views.view import Answer, Layer, Moment, Move, Panel, Place, Say, Stage, View

_log = logging.getLogger(__name__)

VISITS_MAX = 8
"""How far back one can go; deeper, the first view and the newest ones are kept."""

Places = Mapping[str, Callable[[Place], View]]
"""By the name of a view: what makes one."""


@dataclass(frozen=True, slots=True)
class _Visit:
    place: Place
    view: View


class Screen:
    """What is on the canvas. `layers` from the lowest to the highest. `jobs` are run all the time, whatever is shown;
    `status` is what they add to `/v1/status`."""

    def __init__(
        self,
        stage: Stage,
        layout: ScreenLayout,
        places: Places,
        layers: Sequence[Layer],
        *,
        home: Place,
        jobs: Sequence[Callable[[], Coroutine[Any, Any, None]]] = (),
        status: Callable[[], Mapping[str, object]] = dict,
    ) -> None:
        self._jobs = jobs
        self.status = status
        self._stage = stage
        self._places = places
        self._layers = list(layers)
        self._toast = Toast(stage)
        self.bar = Bar(stage, layout)
        self._visits = [_Visit(home, places[home.view](home))]
        self._panels: tuple[Panel, ...] = ()
        self._whole = True
        self._moved = asyncio.Event()

    @property
    def place(self) -> Place:
        """Where we are."""
        return self._visits[-1].place

    @property
    def place_names(self) -> Collection[str]:
        """The views one can go to."""
        return self._places.keys()

    def wanted(self, moment: Moment) -> Mapping[Source, Rect]:
        """The live streams that are on the screen now, with the sizes of their pictures."""
        return self._visits[-1].view.wanted(moment)

    def act(self, command: Command, moment: Moment) -> None:
        """Does what a person wants: the layers are asked first, from the top down, then the view."""
        try:
            self._follow(self._answer(command, moment), moment)
        except Exception:
            _log.exception("the view %r failed on %s", self.place.view, command)
            self._home()

    def show(self, place: Place) -> None:
        """Goes there. Raises ValueError with a sentence if there is no such view."""
        if place == self.place:
            return
        make = self._places.get(place.view)
        if make is None:
            raise ValueError(f"there is no view {place.view!r}; there are: {', '.join(sorted(self._places))}")
        visit = _Visit(place, make(place))
        if place.view == self.place.view:
            self._visits.pop()
        self._visits.append(visit)
        if len(self._visits) > VISITS_MAX:
            del self._visits[1]
        self._move()

    def say(self, text: str) -> None:
        """Shows a few words above the view for a moment."""
        self._toast.say(text)

    def compose(self, moment: Moment) -> Collection[Source]:
        """Paints one frame; what it painted is in the canvas' `changed`. Returns the streams whose new picture is on
        the canvas."""
        canvas, view = self._stage.canvas, self._visits[-1].view
        canvas.changed.clear()
        panels = tuple(panel for layer in (*self._layers, self._toast) for panel in self._panels_of(layer, moment))
        whole, self._whole = self._whole or self._uncovers(panels), False
        if whole:
            canvas.fill(self._stage.body, palette.BACKGROUND)
        try:
            shown = view.compose(moment, whole=whole)
            caption = view.caption(moment)
        except Exception:
            _log.exception("the view %r failed", self.place.view)
            if len(self._visits) == 1:
                raise
            self._home()
            return ()
        painted = [area for area in canvas.changed if area.y < self._stage.body.bottom]
        for panel in panels:
            if panel not in self._panels or any(panel.area.overlaps(area) for area in painted):
                canvas.lay(panel.x, panel.y, panel.overlay)
                painted.append(panel.area)
        self._panels = panels
        self.bar.compose(moment, caption, whole=whole)
        return shown

    async def run(self) -> None:
        """Runs whatever view is shown, and the jobs, until cancelled. A view that fails is left; the others go on."""
        async with anyio.create_task_group() as group:
            for job in self._jobs:
                group.start_soon(job)
            await self._run_views()

    async def _run_views(self) -> None:
        while True:
            self._moved.clear()
            visit = self._visits[-1]
            async with anyio.create_task_group() as group:
                group.start_soon(self._run, visit)
                while self._visits[-1] is visit:
                    await self._moved.wait()
                    self._moved.clear()
                group.cancel_scope.cancel()

    async def _run(self, visit: _Visit) -> None:
        try:
            await visit.view.run()
        except Exception:
            _log.exception("the view %r failed", visit.place.view)
            if len(self._visits) == 1:
                raise
            self._home()

    def _panels_of(self, layer: Layer, moment: Moment) -> Sequence[Panel]:
        """What a layer shows; one that fails is taken away."""
        try:
            return layer.panels(moment)
        except Exception:
            _log.exception("a layer above the view failed and is gone: %r", layer)
            self._layers.remove(layer)
            return ()

    def _asked(self, command: Command, moment: Moment) -> Answer | None:
        """The answer of the highest layer that has one."""
        answers = (layer.act(command, moment) for layer in reversed(self._layers))
        return next((answer for answer in answers if answer is not None), None)

    def _answer(self, command: Command, moment: Moment) -> Answer:
        answer = self._asked(command, moment)
        if answer is not None:
            return answer
        match command:
            case Key.HOME:
                return Move.HOME
            case Pointer(pressed=True) if command.y >= self._stage.body.bottom:
                return Move.MENU
            case _:
                return self._visits[-1].view.act(command, moment)

    def _follow(self, answer: Answer, moment: Moment) -> None:
        match answer:
            case Place():
                try:
                    self.show(answer)
                except ValueError as error:
                    _log.error("%s", error)
            case Say():
                self.say(answer.text)
            case Move.BACK if len(self._visits) > 1:
                self._visits.pop()
                self._move()
            case Move.BACK | Move.MENU:
                self._asked(Key.MENU, moment)
            case Move.HOME:
                self._home()
            case Move.STAY:
                pass

    def _home(self) -> None:
        del self._visits[1:]
        self._move()

    def _move(self) -> None:
        self._whole = True
        self._moved.set()

    def _uncovers(self, panels: tuple[Panel, ...]) -> bool:
        """Whether something of the view is to be seen again that was covered."""
        areas = [panel.area for panel in panels]
        return any(not any(area.contains(old.area) for area in areas) for old in self._panels)
