"""Whether a volume can be written to, and the sentences that say why not."""

import asyncio
import logging
from typing import Literal

from recorder.state import StateBoard

Language = Literal["ja", "en"]

_log = logging.getLogger(__name__)

_FLOOR = {
    "ja": "空き容量の下限 {floor} を保てないため録画を停止しました(空き {free})。"
    "不要なファイルを削除するか、storage.free_bytes_min を下げてください。",
    "en": "Recording has stopped: {free} are free and the floor of {floor} cannot be kept; "
    "delete other files or lower storage.free_bytes_min.",
}
_CAP = {
    "ja": "録画が上限 {cap} に達し、削除できる録画がないため停止しました。storage.bytes_max を上げてください。",
    "en": "Recording has stopped: it takes {cap}, all it may, and nothing can be deleted; raise storage.bytes_max.",
}
_LOST = {
    "ja": "録画ボリューム {path} が見つかりません({message})。接続を確認してください。",
    "en": "{path}: the recording volume is gone ({message}); mount it again.",
}
_FAILURE = {
    "ja": "{camera}: ディスクに書き込めません({message})。再試行しています。",
    "en": "{camera}: the disk cannot be written to ({message}); recording is tried again.",
}


class Notices:
    """What is wrong with the disks, by what it is about; the board shows the first that came, volumes first."""

    def __init__(self, board: StateBoard) -> None:
        self._board = board
        self._texts: dict[str, str] = {}

    def put(self, about: str, text: str) -> None:
        """Something is wrong; without a text no longer."""
        if text:
            self._texts[about] = text
        else:
            self._texts.pop(about, None)
        first = min(self._texts, key=lambda about: about.startswith("camera "), default="")
        message = self._texts.get(first, "")
        if message != self._board.storage.message:
            self._board.storage.message = message
            self._board.changed()


class DiskHealth:
    """Of one volume. Kept by its sweeper (`block…`, `unblock`) and by the recorders on it (`fail`, `recover`).
    `path`: named in what is said, where there are several volumes."""

    def __init__(self, notices: Notices, language: Language, path: str = "") -> None:
        self._notices = notices
        self._language = language
        self._path = path
        self._block = ""
        self._changed = asyncio.Event()

    @property
    def blocked(self) -> bool:
        """Whether nothing may be written now."""
        return bool(self._block)

    async def wait_change(self) -> None:
        """Returns as soon as `blocked` may have changed."""
        await self._changed.wait()

    def block_for_floor(self, free_bytes: int, floor_bytes: int) -> None:
        """Nothing more is written: the disk is about to be full and nothing can be deleted."""
        self._set_block(self._prefix + _FLOOR[self._language].format(free=_size(free_bytes), floor=_size(floor_bytes)))

    def block_for_cap(self, bytes_max: int) -> None:
        """Nothing more is written: footage has used up what it may use, and nothing can be deleted."""
        self._set_block(self._prefix + _CAP[self._language].format(cap=_size(bytes_max)))

    def block_for_loss(self, path: str, message: str) -> None:
        """Nothing more is written: the volume is not there any more."""
        self._set_block(_LOST[self._language].format(path=path, message=message))

    def unblock(self) -> None:
        """The volume may be written to again."""
        self._tell("")

    def fail(self, camera: str, message: str) -> None:
        """A camera's run was lost to the disk."""
        self._notices.put(f"camera {camera}", _FAILURE[self._language].format(camera=camera, message=message))

    def recover(self, camera: str) -> None:
        """A camera's footage reaches a disk again."""
        self._notices.put(f"camera {camera}", "")

    @property
    def _prefix(self) -> str:
        return f"{self._path}: " if self._path else ""

    def _set_block(self, message: str) -> None:
        if not self._block:  # not the changing figures again and again
            self._tell(message)

    def _tell(self, block: str) -> None:
        if block:
            _log.error("%s", block)
        elif self._block:
            _log.info("recording can go on, no longer: %s", self._block)
        self._block = block
        self._notices.put(f"volume {self._path}", block)
        self._changed.set()
        self._changed = asyncio.Event()


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 10**9 else f"{count / 1e6:.0f} MB"
