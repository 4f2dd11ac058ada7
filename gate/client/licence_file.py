"""The licence file: watched, and handed to whoever verifies it. What fails a check changes nothing.

A file that cannot be read is UNREADABLE; the other checks, with the codes that are logged, are gate.signing.trust's. A
file that is taken away ends nothing: what is in force was signed until its own end, and ends there.
"""

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path

import anyio.to_thread

from gate.client.acceptance import Acceptance, profile_mismatch
from gate.client.gate import Gate
from gate.client.timekeeper import Timekeeper
from gate.clock import Clock
from gate.licence.text import NO_TEXT, Language, Text
from gate.signing.envelope import ENVELOPE_BYTES_MAX
from gate.signing.files import read_regular
from gate.signing.trust import Refusal
from gate.signing.two_slots import TwoSlots

POLL_SECONDS = 0.2
SETTLE_POLLS = 5
"""After a change the file is read so many times more: two writes within one tick of the file system's clock look like
one, and a file that is copied in place is not whole at once."""
ABSENT_SECONDS = 2.0
"""How long the file may be gone before people are told (an editor's replacement takes it away for a moment)."""

_log = logging.getLogger(__name__)


class LicenceFile:
    """Raises RootKeyError at once if the root key cannot be loaded; from then on it is pinned, and a root.pub that is
    replaced later has no effect."""

    def __init__(
        self,
        *,
        path: Path,
        root_key: Path,
        gate: Gate,
        clock: Clock,
        slots: TwoSlots,
        device_pubkey_sha256: str | None = None,
        timekeeper: Timekeeper | None = None,
        language: Language = "ja",
        on_event: Callable[[str], None] | None = None,
    ) -> None:
        """`slots`: where the last good licence is kept. `device_pubkey_sha256`: of the device's own key, if it has one.
        `timekeeper` learns when entitlements were issued. `on_event` is called with one coded line whenever a licence
        is accepted, refused, brought back from the slots, or gone."""
        self._path = path
        self._acceptance = Acceptance(
            root_key=root_key,
            gate=gate,
            slots=slots,
            device_pubkey_sha256=device_pubkey_sha256,
            timekeeper=timekeeper,
            say=self._say,
        )
        self._gate = gate
        self._clock = clock
        self._language = language
        self._on_event = on_event
        self._seen: tuple[int, ...] | None = None
        self._digest: bytes | None = None
        self._reads_left = 0
        self._absent_since_ns: int | None = None
        self._text = NO_TEXT

    @property
    def message(self) -> str:
        """What is wrong with the file and what to do, in the device's language; empty while all is well."""
        return self._text.in_language(self._language)

    @property
    def status(self) -> None:
        """There is no service."""

    @property
    def text(self) -> Text:
        """`message` in both languages."""
        return self._text

    async def run(self) -> None:
        """Follows the file until cancelled."""
        while True:
            await self.run_once()
            await self._clock.sleep(POLL_SECONDS)

    async def run_once(self) -> None:
        """Looks once, and puts what it finds in force or into `message`."""
        await self._acceptance.restore()
        try:
            content = await anyio.to_thread.run_sync(self._read_if_changed, abandon_on_cancel=True)
        except (FileNotFoundError, NotADirectoryError):
            self._digest = self._seen = None
            self._gone()
            return
        except OSError as error:
            content, self._digest, self._seen = None, None, None
            reason = error.strerror or str(error)
            self._refuse(Refusal(code="UNREADABLE", problem=Text(ja=f"読み取れません（{reason}）。", en=reason)))
        self._absent_since_ns = None
        if content is None or (digest := hashlib.sha256(content).digest()) == self._digest:
            return
        self._digest = digest
        await self._consider(content)

    def _read_if_changed(self) -> bytes | None:
        status = self._path.stat()
        signature = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        if signature != self._seen:
            self._seen, self._reads_left = signature, 1 + SETTLE_POLLS
        if self._reads_left == 0:
            return None
        self._reads_left -= 1
        return read_regular(self._path, ENVELOPE_BYTES_MAX)[0]

    async def _consider(self, content: bytes) -> None:
        judged = await self._acceptance.consider(content)
        if isinstance(judged, Refusal):
            if judged.code == "FUTURE":
                self._seen = self._digest = None  # its time comes without another change of the file
            self._refuse(judged)
            return
        self._text = profile_mismatch(judged, self._gate.profile)

    def _refuse(self, refused: Refusal) -> None:
        before = self._text
        in_force = bool(self._gate.expiries())
        stays_ja = "直前の有効なライセンスはそのまま有効です。" if in_force else ""
        stays_en = " The last good licence stays in force." if in_force else ""
        self._text = Text(
            ja=f"ライセンスファイル {self._path.name} は受け付けられません（{refused.code}）: "
            f"{refused.problem.ja}{stays_ja}",
            en=f"The licence file {self._path.name} was refused ({refused.code}): {refused.problem.en}.{stays_en}",
        )
        if self._text != before:
            self._say(logging.WARNING, f"LICENCE_REFUSED code={refused.code}: {refused.problem.en}")

    def _gone(self) -> None:
        now_ns = self._clock.monotonic_ns()
        if self._absent_since_ns is None:
            self._absent_since_ns = now_ns
        if now_ns - self._absent_since_ns < ABSENT_SECONDS * 1e9:
            return
        name = self._path.name
        if self._gate.entitlement is None:
            text = Text(
                ja=f"ライセンスファイル {name} がありません。"
                f"この機器用のファイルを発行し、{self._path} に置いてください。",
                en=f"There is no licence file {name}; issue one for this device and put it at {self._path}.",
            )
        else:
            text = Text(
                ja=f"ライセンスファイル {name} がなくなりました。読み込み済みの内容は、その期限までに限り有効です。"
                f"{self._path} に戻してください。",
                en=f"The licence file {name} is gone; what it granted is in force until its own end, no longer. "
                f"Put it back at {self._path}.",
            )
        if text != self._text:
            self._text = text
            self._say(logging.WARNING, "LICENCE_GONE")

    def _say(self, level: int, line: str) -> None:
        _log.log(level, "%s (%s)", line, self._path)
        if self._on_event is not None:
            self._on_event(line)
