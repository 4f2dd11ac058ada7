"""The licence file: watched, verified, and put in force through the gate. What fails a check changes nothing.

Checks, in order, each with the code that is logged: readable (UNREADABLE), signed by the pinned root
(gate.signing.envelope's codes), a well-formed entitlement (INVALID), signed by the key it names (UNKNOWN_KEY), for this
device (FOREIGN), and not older than the one in force (REPLAYED). A file that is taken away ends nothing: what is in
force was signed until its own end, and ends there.
"""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import anyio.to_thread
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gate.client.errors import RootKeyError
from gate.client.gate import Gate
from gate.clock import Clock
from gate.licence.entitlement import Entitlement, parse_payload
from gate.licence.errors import EntitlementError
from gate.licence.text import NO_TEXT, Language, Text
from gate.signing.envelope import ENVELOPE_BYTES_MAX, verify
from gate.signing.errors import EnvelopeError, KeyFileError
from gate.signing.files import read_regular
from gate.signing.keys import kid_of, load_root_key

POLL_SECONDS = 0.2
SETTLE_POLLS = 5
"""After a change the file is read so many times more: two writes within one tick of the file system's clock look like
one, and a file that is copied in place is not whole at once."""
ABSENT_SECONDS = 2.0
"""How long the file may be gone before people are told (an editor's replacement takes it away for a moment)."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refused:
    code: str
    problem: Text


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
        language: Language = "ja",
        on_event: Callable[[str], None] | None = None,
    ) -> None:
        """`on_event` is called with one coded line whenever the file is accepted, refused, or gone."""
        self._path = path
        try:
            self._root = load_root_key(root_key)
        except KeyFileError as error:
            raise RootKeyError(str(error)) from None
        self._gate = gate
        self._clock = clock
        self._language = language
        self._on_event = on_event
        self._payload: bytes | None = None
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
        try:
            content = await anyio.to_thread.run_sync(self._read_if_changed, abandon_on_cancel=True)
        except (FileNotFoundError, NotADirectoryError):
            self._digest = self._seen = None
            self._gone()
            return
        except OSError as error:
            content, self._digest, self._seen = None, None, None
            reason = error.strerror or str(error)
            self._refuse(_Refused(code="UNREADABLE", problem=Text(ja=f"読み取れません（{reason}）。", en=reason)))
        self._absent_since_ns = None
        if content is None or (digest := hashlib.sha256(content).digest()) == self._digest:
            return
        self._digest = digest
        opened = await anyio.to_thread.run_sync(_open, content, self._root, abandon_on_cancel=True)
        if isinstance(opened, _Refused):
            self._refuse(opened)
        else:
            self._consider(*opened)

    def _read_if_changed(self) -> bytes | None:
        status = self._path.stat()
        signature = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        if signature != self._seen:
            self._seen, self._reads_left = signature, 1 + SETTLE_POLLS
        if self._reads_left == 0:
            return None
        self._reads_left -= 1
        return read_regular(self._path, ENVELOPE_BYTES_MAX)[0]

    def _consider(self, entitlement: Entitlement, payload: bytes) -> None:
        refused = self._objection(entitlement, payload)
        if refused is not None:
            self._refuse(refused)
            return
        if payload != self._payload:
            self._payload = payload
            self._gate.install(entitlement)
        self._accept(entitlement)

    def _objection(self, entitlement: Entitlement, payload: bytes) -> _Refused | None:
        if entitlement.kid != kid_of(self._root):
            problem = Text(
                ja="署名した鍵と記載された鍵が一致しません。", en="it names another key than the one that signed it"
            )
            return _Refused(code="UNKNOWN_KEY", problem=problem)
        if entitlement.device_id != self._gate.device_id:
            return _foreign(entitlement.device_id, self._gate.device_id)
        current = self._gate.entitlement
        if current is not None and (
            entitlement.seq < current.seq or (entitlement.seq == current.seq and payload != self._payload)
        ):
            return _replayed(entitlement.seq, current.seq)
        return None

    def _accept(self, entitlement: Entitlement) -> None:
        self._text = NO_TEXT
        profile = self._gate.profile
        if entitlement.profile_sha256 != profile.sha256:
            self._text = Text(
                ja=f"ライセンスはプロファイル {entitlement.profile} 用ですが、この機器は {profile.name} "
                "を使用しています。機器のプロファイルを確認してください。",
                en=f"The licence was made for the profile {entitlement.profile}, but this device runs another one "
                f"({profile.name}); check the device's profile.",
            )
        self._say(logging.INFO, f"LICENCE_ACCEPTED seq={entitlement.seq} cameras={','.join(entitlement.cameras)}")

    def _refuse(self, refused: _Refused) -> None:
        before = self._text
        in_force = self._gate.entitlement is not None
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
                ja=f"ライセンスファイル {name} がなくなりました。読み込み済みのライセンスは期限まで有効です。"
                f"再起動に備え、{self._path} に戻してください。",
                en=f"The licence file {name} is gone; what it granted stays in force until its own end. "
                f"Put it back at {self._path} before the recorder is restarted.",
            )
        if text != self._text:
            self._text = text
            self._say(logging.WARNING, "LICENCE_GONE")

    def _say(self, level: int, line: str) -> None:
        _log.log(level, "%s (%s)", line, self._path)
        if self._on_event is not None:
            self._on_event(line)


def _open(content: bytes, root: Ed25519PublicKey) -> tuple[Entitlement, bytes] | _Refused:
    try:
        payload = verify(content, root)
        return parse_payload(payload), payload
    except EnvelopeError as error:
        return _Refused(code=error.code, problem=error.problem)
    except EntitlementError as error:
        problem = Text(
            ja=f"内容に誤りがあります（{error.field}）。発行元に連絡してください。",
            en=f"its content is wrong at {error}; tell its issuer",
        )
        return _Refused(code="INVALID", problem=problem)


def _foreign(device_id: str, own_id: str) -> _Refused:
    problem = Text(
        ja=f"機器 {device_id} 用のファイルです。この機器は {own_id} です。この機器用に発行してください。",
        en=f"it was issued for the device {device_id}, this one is {own_id}; issue one for {own_id}",
    )
    return _Refused(code="FOREIGN", problem=problem)


def _replayed(seq: int, current_seq: int) -> _Refused:
    problem = Text(
        ja=f"以前のファイルです（番号 {seq}、現在は {current_seq}）。最新のファイルを置いてください。",
        en=f"it is older than the one in force (number {seq}, in force {current_seq}), or another of the same number; "
        "put the newest in place",
    )
    return _Refused(code="REPLAYED", problem=problem)
