"""A small content kept in two files: the newer one is never written over, so that a cut at any step leaves a whole one.

Each slot holds a line `edge-slot/v1 GENERATION SHA256`, then the content. A slot whose digest does not fit is passed
over; whether the content may be trusted is the reader's to check.
"""

import hashlib
import logging
from pathlib import Path

from gate.signing.files import read_regular, write_atomically

SLOT_BYTES_MAX = 2 << 20
_MAGIC = b"edge-slot/v1"
_NAMES = ("a", "b")
SLOTS = len(_NAMES)

_log = logging.getLogger(__name__)


class TwoSlots:
    """`folder/NAME.a` and `folder/NAME.b`, mode 0600; the folder is made when something is first stored."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._paths = [folder / f"{name}.{slot}" for slot in _NAMES]

    def load(self) -> list[bytes]:
        """The whole contents, newest first: none, one or two."""
        return [content for _, content, _ in self._slots()]

    def store(self, content: bytes) -> None:
        """Replaces the older slot, or the broken one. Raises OSError; what was stored before is then still there."""
        slots = self._slots()
        generation = slots[0][0] + 1 if slots else 1
        free = [path for path in self._paths if path not in [slot[2] for slot in slots]]
        path = free[0] if free else slots[-1][2]
        self._folder.mkdir(parents=True, exist_ok=True)
        for leftover in self._folder.glob(f".{self._name}.?.*.tmp"):  # of a write that was cut off
            leftover.unlink(missing_ok=True)
        digest = _digest(generation, content).encode()
        write_atomically(path, b"%s %d %s\n%s" % (_MAGIC, generation, digest, content), mode=0o600)

    def _slots(self) -> list[tuple[int, bytes, Path]]:
        found = []
        for path in self._paths:
            slot = _read(path)
            if slot is not None:
                found.append((*slot, path))
        return sorted(found, key=lambda slot: slot[0], reverse=True)


def _read(path: Path) -> tuple[int, bytes] | None:
    try:
        header, newline, content = read_regular(path, SLOT_BYTES_MAX)[0].partition(b"\n")
        magic, number, digest = header.split(b" ")
        generation = int(number)
        if not newline or magic != _MAGIC or digest.decode() != _digest(generation, content):
            raise ValueError
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        _log.warning("SLOT_BROKEN %s is torn or damaged, and is passed over", path)
        return None
    return generation, content


def _digest(generation: int, content: bytes) -> str:
    return hashlib.sha256(b"%d\n%s" % (generation, content)).hexdigest()
