"""Where a process's log goes: to stderr, in the journal's form where that takes it; to a file, if one is configured.

A leaf like gate.config_fields: any package may use it.
"""

import contextlib
import logging
import os
import queue
import sys
from collections.abc import Iterator, Mapping
from logging.handlers import QueueHandler, QueueListener, RotatingFileHandler
from pathlib import Path

from pydantic import Field

from gate.config_fields import Section, beside
from gate.yaml_file import ConfigError

_PLAIN = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_JOURNAL_LEVELS = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
_JOURNAL_DEBUG = 7

_TALKATIVE = ("alembic", "asyncssh")
"""Libraries that at INFO tell each of their steps; warnings of theirs are kept."""

LINES_WAITING_MAX = 10_000
"""Bound of the lines that wait for the log's disk; those beyond it are counted and left out."""


class LogSection(Section):
    """`log: {file: PATH}`: everything from INFO on also goes there. Full at `megabytes_max`, it is put aside as PATH.1,
    what was PATH.1 as PATH.2, and so on; `files_max` of them are kept with it."""

    file: Path
    megabytes_max: int = Field(10, ge=1, le=1000)
    files_max: int = Field(5, ge=1, le=100)

    def beside(self, config: Path) -> "LogSection":
        """The same with an absolute path."""
        return self.model_copy(update={"file": beside(config, self.file)})


class _JournalFormatter(logging.Formatter):
    """Each line with its level in systemd's form (sd-daemon(3)); the journal knows the time itself."""

    def format(self, record: logging.LogRecord) -> str:
        level = next((number for least, number in _JOURNAL_LEVELS if record.levelno >= least), _JOURNAL_DEBUG)
        text = super().format(record)
        return "\n".join(f"<{level}>{line}" for line in text.splitlines())


def start_logging(level: int, environ: Mapping[str, str] = os.environ) -> None:
    """The root logger writes to stderr from this level on. Does nothing where it has somewhere to write already."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    handler = logging.StreamHandler(sys.stderr)
    if _is_journal(environ.get("JOURNAL_STREAM", "")):
        handler.setFormatter(_JournalFormatter("%(name)s: %(message)s"))
    else:
        handler.setFormatter(logging.Formatter(_PLAIN))
    logging.basicConfig(level=level, handlers=[handler])


def _is_journal(stream: str) -> bool:
    """Whether stderr is the journal's: whoever redirects it gets plain lines, though the variable is still there."""
    try:
        status = os.fstat(2)
    except OSError:
        return False
    return stream == f"{status.st_dev}:{status.st_ino}"


class _BoundedQueueHandler(QueueHandler):
    """Lines wait in memory for the thread that writes them: the event loop never waits for the log's disk."""

    def __init__(self, waiting: queue.Queue[logging.LogRecord]) -> None:
        super().__init__(waiting)
        self.left_out = 0

    def enqueue(self, record: logging.LogRecord) -> None:
        try:
            self.queue.put_nowait(record)
        except queue.Full:
            self.left_out += 1


@contextlib.contextmanager
def log_file(section: LogSection | None) -> Iterator[None]:
    """Keeps the file until the body ends. Raises ConfigError if it cannot be written."""
    if section is None:
        yield
        return
    try:
        section.file.parent.mkdir(parents=True, exist_ok=True)
        file = RotatingFileHandler(
            section.file, maxBytes=section.megabytes_max * 10**6, backupCount=section.files_max, encoding="utf-8"
        )
    except OSError as error:
        raise ConfigError(
            f"log.file {section.file}: cannot be written ({error.strerror}): name another place"
        ) from None
    file.setFormatter(logging.Formatter(_PLAIN))
    handler = _BoundedQueueHandler(queue.Queue(LINES_WAITING_MAX))
    handler.setLevel(logging.INFO)
    listener = QueueListener(handler.queue, file)
    root = logging.getLogger()
    for other in root.handlers:
        other.setLevel(max(other.level, root.level))
    before = root.level
    root.setLevel(min(before, logging.INFO))
    root.addHandler(handler)
    listener.start()
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
        listener.stop()
        if handler.left_out:
            logging.getLogger(__name__).warning("%s lines were left out of %s", handler.left_out, section.file)
        file.close()
