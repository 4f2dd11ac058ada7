"""Orders: what programs tell the monitor, over its socket or its preview page (docs/protocols.md)."""

from dataclasses import dataclass
from typing import Protocol

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from hdmi_out.views.keys import Command, Key, Pointer
from hdmi_out.views.view import Place

ORDER_BYTES_MAX = 4096


class Monitor(Protocol):
    """What carries orders out."""

    @property
    def size(self) -> tuple[int, int]:
        """Of the picture, in pixels."""

    def act(self, command: Command) -> Place:
        """Does what a person wants; gives where that led."""

    def show(self, place: Place) -> Place:
        """Goes there. Raises ValueError with a sentence."""

    def status(self, *, reset: bool = False) -> dict[str, object]:
        """What it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Show:
    view: str
    camera: str = ""
    at: AwareDatetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    key: Key | None = None
    point: tuple[float, float] | None = None
    press: bool = True
    show: _Show | None = None
    status: bool = False


_ORDER: TypeAdapter[_Order] = TypeAdapter(_Order)


def carry_out(text: str | bytes, monitor: Monitor) -> dict[str, object]:
    """Does what one JSON object says and gives the answer; what cannot be done is `{"error": "one sentence"}`."""
    try:
        order = _ORDER.validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return {"error": f"{where}: {first['msg']}" if where else f"not an order: {first['msg']}"}
    try:
        return _answer(order, monitor)
    except ValueError as error:
        return {"error": str(error)}


def _answer(order: _Order, monitor: Monitor) -> dict[str, object]:
    if order.key is not None:
        return _where(monitor.act(order.key))
    if order.point is not None:
        x, y = order.point
        if not (0 <= x <= 1 and 0 <= y <= 1):
            raise ValueError("point: two numbers from 0 to 1 are wanted, from the left and from the top")
        width, height = monitor.size
        pixel = min(int(x * width), width - 1), min(int(y * height), height - 1)
        return _where(monitor.act(Pointer(*pixel, pressed=order.press)))
    if order.show is not None:
        return _where(monitor.show(Place(view=order.show.view, camera=order.show.camera, at=order.show.at)))
    if order.status:
        return monitor.status()
    raise ValueError("an order has one of: key, point, show, status")


def _where(place: Place) -> dict[str, object]:
    return {"view": place.view, "camera": place.camera}
