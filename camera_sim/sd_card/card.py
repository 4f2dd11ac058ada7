"""A card in its slot: a folder whose files are written round and round. Blocks: for the card's thread only.

A card that is taken out (the folder is gone, or the fault `sd_removed`) takes nothing until it is back; one that is
full because nothing on it may be overwritten, or that the disk below has no room for, refuses and says so.
"""

import contextlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from camera_sim.errors import CardError
from camera_sim.sd_card.layout import CARD_FORMAT, CARD_NAME, CardFile, files_of, finished_path, open_path

FILE_BYTES_MAX = 64 << 20
_BLOCK_BYTES = 4096


class SdCard:
    """`root`: the card's folder. `bytes_max`: its capacity."""

    def __init__(self, root: Path, camera: str, bytes_max: int) -> None:
        self.root = root
        self.camera = camera
        self.bytes_max = bytes_max
        self.file_bytes_max = min(FILE_BYTES_MAX, bytes_max // 4)
        """A file is cut before it would be larger; so much is made free before one begins."""
        self._sizes: dict[str, int] = {}
        self._inserted: tuple[int, int] | None = None

    def insert(self) -> None:
        """Formats a new card, or finds what is on it; what was being written when power went is kept as it is.
        Raises CardError: unreadable, or of another camera."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            self._claim(self.root / CARD_NAME)
            self._inserted = self._marks()
            self._sizes = {file.path: (self.root / file.path).stat().st_size for file in files_of(self.root)}
        except OSError as error:
            raise CardError(f"camera {self.camera}: SD card {self.root}: {error.strerror}") from None

    @property
    def present(self) -> bool:
        """Whether the card is in its slot."""
        return (self.root / CARD_NAME).exists()

    @property
    def used_bytes(self) -> int:
        """What the finished files take."""
        return sum(self._sizes.values())

    def files(self) -> Sequence[CardFile]:
        """What is on it now, the oldest first. Raises CardError."""
        if not self.present:
            raise CardError(f"camera {self.camera}: no SD card")
        return files_of(self.root)

    def begin(self, start_utc_ms: int) -> Path:
        """Makes room for a file and says where it goes. Raises CardError."""
        if not self.present:
            raise CardError(f"camera {self.camera}: no SD card in {self.root}")
        if self._marks() != self._inserted:  # another card is in the slot by now
            self.insert()
        while self._sizes and self.used_bytes + self.file_bytes_max > self.bytes_max:
            oldest = min(self._sizes)
            with contextlib.suppress(FileNotFoundError):
                (self.root / oldest).unlink()
            del self._sizes[oldest]
            with contextlib.suppress(OSError):  # a day that is not empty yet
                (self.root / oldest).parent.rmdir()
        path = self.root / open_path(start_utc_ms)
        try:
            path.parent.mkdir(exist_ok=True)
            if shutil.disk_usage(self.root).free < self.file_bytes_max:
                raise CardError(f"camera {self.camera}: no room below {self.root}: free some of the disk")
        except OSError as error:
            raise CardError(f"camera {self.camera}: SD card {self.root}: {error.strerror}") from None
        return path

    def finish(self, path: Path, start_utc_ms: int, end_utc_ms: int) -> None:
        """A file is complete. A card that is gone meanwhile keeps it as it was torn out."""
        name = finished_path(start_utc_ms, end_utc_ms)
        with contextlib.suppress(OSError):
            path.replace(self.root / name)
            self._sizes[name] = (self.root / name).stat().st_size

    def damage_newest(self) -> bool:
        """A block of the newest finished file turns to zeros; false while there is none. Raises OSError."""
        if not self._sizes:
            return False
        path = self.root / max(self._sizes)
        with path.open("r+b") as file:
            file.seek(path.stat().st_size // 2)
            file.write(bytes(_BLOCK_BYTES))
        return True

    def _marks(self) -> tuple[int, int] | None:
        """By which this card is known from another."""
        try:
            found = (self.root / CARD_NAME).stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns

    def _claim(self, path: Path) -> None:
        if not path.exists():
            path.write_text(json.dumps({"format": CARD_FORMAT, "camera": self.camera}) + "\n", encoding="utf-8")
            return
        owner = card_owner(self.root)
        if owner != self.camera:
            raise CardError(f"camera {self.camera}: {self.root} is the card of {owner}; give each camera its own")


def card_owner(root: Path) -> str:
    """The camera that a card belongs to. Raises CardError, OSError."""
    path = root / CARD_NAME
    try:
        content = json.loads(path.read_bytes()[:4096])
        if content["format"] != CARD_FORMAT:
            raise ValueError
        return str(content["camera"])
    except (ValueError, KeyError, TypeError):
        raise CardError(f"{path}: this is no card of this simulator; give another folder") from None
