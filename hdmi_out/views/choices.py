"""What the person in front of the monitor has chosen; it holds until the monitor ends, then the configuration again."""

from dataclasses import dataclass

from hdmi_out.layout.wall import GRIDS
from hdmi_out.osd.words import Language, words_of


@dataclass(slots=True, kw_only=True)
class Choices:
    """`language` None: the recorder's own. `side`: tiles a side of the wall, None: as many as there are cameras for.
    `tour_seconds`: how long a tour stays at a page or a camera."""

    language: Language | None = None
    side: int | None = None
    tour_seconds: float = 10.0

    def next_side(self, step: int = 1) -> None:
        """The next grid: automatic, 1, 4, 9, 16 and around."""
        sides = (None, *GRIDS)
        self.side = sides[(sides.index(self.side) + step) % len(sides)]

    def next_language(self, current: Language) -> None:
        """The other language than the one that is on the screen."""
        self.language = "ja" if words_of(current).code == "en" else "en"
