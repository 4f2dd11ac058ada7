"""What the output asks of a sink."""

from typing import Protocol

from hdmi_out.compositor.canvas import Canvas


class Sink(Protocol):
    """Somewhere a frame goes."""

    @property
    def name(self) -> str:
        """`sdl` or `headless`."""

    @property
    def state(self) -> str:
        """`open`, or `lost` while its display is not there; `none` for one that has no display."""

    def present(self, canvas: Canvas) -> None:
        """A new frame is on the canvas. Takes what it needs before it returns, and never blocks: who is not done with
        the frame before skips this one."""
