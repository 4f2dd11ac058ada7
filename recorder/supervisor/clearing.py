"""What a demo site forgets between two visitors: footage, index, licences, the service's database, what is on SD cards;
and what it keeps: who the recorder is, the keys it trusts, and which card is whose."""

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path

from gate.shared_clock.server import STATE_NAME
from recorder.config import RecorderConfig
from recorder.errors import RecorderError
from recorder.supervisor.seed import SEED_NAME

IDENTITY = frozenset({"device.key", "device.pub", "registration.code", SEED_NAME, STATE_NAME})
"""Of the recorder's data directory."""
CARD_NAME = "card.json"
"""Without it a folder is no card; a blank card has it alone."""
_GONE = ".gone"


class Clearing:
    """`take_away` is quick: everything is only moved aside, or, where there is a link, nothing. `finish` deletes it."""

    def __init__(self, recorder: RecorderConfig) -> None:
        data_dir, licence = recorder.device.data_dir, recorder.licence
        self._possible = not recorder.storage.volumes
        self._data_dir = data_dir
        self._aside = data_dir.with_name(data_dir.name + _GONE)
        self._others: Sequence[Path] = [
            folder for folder in recorder.clock.site_data if folder != licence.root_key.parent
        ] + ([licence.path] if licence.path is not None else [])

    async def take_away(self) -> None:
        """Nobody may be at work on it. Raises RecorderError."""
        if not self._possible:
            raise RecorderError("footage on volumes of its own (storage.volumes) is not deleted between visitors")
        try:
            await asyncio.to_thread(self._take_away)
        except OSError as error:
            raise RecorderError(f"{error.filename}: cannot be cleared: {error.strerror}") from None

    async def finish(self) -> None:
        """Frees the room on the disk."""
        await asyncio.to_thread(shutil.rmtree, self._aside, True)

    def _take_away(self) -> None:
        self._aside.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self._aside)
        self._aside.mkdir()
        leaving = [path for path in sorted(self._data_dir.iterdir()) if path.name not in IDENTITY]
        for path in (*leaving, *self._others):
            if path.is_symlink():
                raise RecorderError(f"{path} is a link, and what it leads to is not deleted: put a folder in its place")
        for number, path in enumerate([*leaving, *(other for other in self._others if other.exists())]):
            cards = {card: card.read_bytes() for card in path.rglob(CARD_NAME)} if path not in leaving else {}
            if path.stat().st_dev == self._aside.stat().st_dev:
                path.rename(self._aside / f"{number}-{path.name}")
            elif path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
            for card, content in cards.items():
                card.parent.mkdir(parents=True, exist_ok=True)  # its camera may have been quicker
                card.write_bytes(content)
