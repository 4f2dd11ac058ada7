"""The newest lines of the log, in memory, for whoever maintains the recorder from afar."""

import logging
from collections import deque

LINES_MAX = 4000
LINE_CHARACTERS_MAX = 1000


class LogRing(logging.Handler):
    """Keeps LINES_MAX lines; what went before is counted."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        self._lines: deque[str] = deque(maxlen=LINES_MAX)
        self._count = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Of any thread."""
        try:
            text = self.format(record)
        except Exception:
            self.handleError(record)
            return
        self._count += 1
        self._lines.append(text[:LINE_CHARACTERS_MAX])

    def text(self) -> str:
        """All lines, the oldest first, and how many there were before."""
        lines = list(self._lines)
        left_out = self._count - len(lines)
        head = [f"… {left_out} lines before"] if left_out > 0 else []
        return "\n".join([*head, *lines, ""])
