"""How many watch one side live at a time, by whatever way."""

VIEWERS_MAX = 64


class Viewers:
    """Whoever `enter`s, `leave`s."""

    def __init__(self, viewers_max: int = VIEWERS_MAX) -> None:
        self._viewers_max = viewers_max
        self._viewers = 0

    @property
    def full(self) -> bool:
        """Whether the next one is refused."""
        return self._viewers >= self._viewers_max

    def enter(self) -> bool:
        """Counts one more; False where there are too many."""
        if self.full:
            return False
        self._viewers += 1
        return True

    def leave(self) -> None:
        """One less."""
        self._viewers -= 1
