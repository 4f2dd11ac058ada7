"""Whether the volume can be written to, and the sentence that says why not."""

import asyncio
from typing import Literal

from recorder.state import StateBoard

Language = Literal["ja", "en"]

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
_FAILURE = {
    "ja": "{camera}: ディスクに書き込めません({message})。再試行しています。",
    "en": "{camera}: the disk cannot be written to ({message}); recording is tried again.",
}


class DiskHealth:
    """Kept by the sweeper (`block`, `unblock`) and by the recorders (`fail`, `recover`); shown on the board."""

    def __init__(self, board: StateBoard, language: Language) -> None:
        self._board = board
        self._language = language
        self._block = ""
        self._failures: dict[str, str] = {}
        self._writable = asyncio.Event()
        self._writable.set()

    @property
    def blocked(self) -> bool:
        """Whether nothing may be written now."""
        return bool(self._block)

    async def wait_writable(self) -> None:
        """Returns as soon as recording may go on."""
        await self._writable.wait()

    def block_for_floor(self, free_bytes: int, floor_bytes: int) -> None:
        """All recording stops: the disk is about to be full and nothing can be deleted."""
        self._set_block(_FLOOR[self._language].format(free=_size(free_bytes), floor=_size(floor_bytes)))

    def block_for_cap(self, bytes_max: int) -> None:
        """All recording stops: it has used up what it may use, and nothing can be deleted."""
        self._set_block(_CAP[self._language].format(cap=_size(bytes_max)))

    def unblock(self) -> None:
        """Recording may go on."""
        self._block = ""
        self._writable.set()
        self._show()

    def fail(self, camera: str, message: str) -> None:
        """A camera's run was lost to the disk."""
        self._failures[camera] = _FAILURE[self._language].format(camera=camera, message=message)
        self._show()

    def recover(self, camera: str) -> None:
        """A camera's footage reaches the disk again."""
        if self._failures.pop(camera, None) is not None:
            self._show()

    def _set_block(self, message: str) -> None:
        if not self._block:  # not the changing figures again and again
            self._block = message
            self._writable.clear()
            self._show()

    def _show(self) -> None:
        message = self._block or next(iter(self._failures.values()), "")
        if message != self._board.storage.message:
            self._board.storage.message = message
            self._board.changed()


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 10**9 else f"{count / 1e6:.0f} MB"
