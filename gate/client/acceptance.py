"""What a device takes in force, from a file or from its service: verified, installed at the gate, and kept.

What was accepted is kept in two slots, byte for byte, and verified like anything else when the device starts again:
what is forged, older or gone then finds the last good entitlement in force, too.
"""

import logging
from collections.abc import Callable
from pathlib import Path

import anyio.to_thread

from gate.client.errors import RootKeyError
from gate.client.gate import Gate
from gate.client.timekeeper import Timekeeper
from gate.licence.entitlement import Entitlement
from gate.licence.profile import Profile
from gate.licence.text import NO_TEXT, Text
from gate.signing.errors import KeyFileError
from gate.signing.keys import load_root_key
from gate.signing.trust import Refusal, Trusted, pinned, with_document, with_keys
from gate.signing.two_slots import SLOTS, TwoSlots

_log = logging.getLogger(__name__)


class Acceptance:
    """Raises RootKeyError at once if the root key cannot be loaded; from then on it is pinned, and a root.pub that is
    replaced later has no effect."""

    def __init__(
        self,
        *,
        root_key: Path,
        gate: Gate,
        slots: TwoSlots,
        device_pubkey_sha256: str | None,
        timekeeper: Timekeeper | None,
        say: Callable[[int, str], None] | None = None,
    ) -> None:
        """`slots`: where the last good licence is kept. `device_pubkey_sha256`: of the device's own key, if it has one.
        `timekeeper` learns when entitlements were issued. `say`: called with a level of logging and one coded line
        whenever a licence is accepted or brought back from the slots; without it that is logged."""
        try:
            root = load_root_key(root_key)
        except KeyFileError as error:
            raise RootKeyError(str(error)) from None
        self._trusted = pinned(root, gate.device_id, device_pubkey_sha256)
        self._restored = False
        self._gate = gate
        self._slots = slots
        self._timekeeper = timekeeper
        self._say = say or _log.log

    @property
    def trusted(self) -> Trusted:
        """The root, the keys that may sign now, and what is in force."""
        return self._trusted

    def take_keys(self, content: bytes, document_type: str) -> Refusal | None:
        """The key sets that came along with a document of another type; why they are refused, or None."""
        taken = with_keys(self._trusted, content, document_type)
        if isinstance(taken, Refusal):
            return taken
        self._trusted = taken
        return None

    async def forget(self) -> None:
        """Nothing is licensed any more, after a restart either. Older documents are refused still."""
        self._gate.install(None)
        await anyio.to_thread.run_sync(self._clear)

    async def restore(self) -> None:
        """Puts the last good licence in force, with the number and the keys that go along; the first time only."""
        if self._restored:
            return
        for content in await anyio.to_thread.run_sync(self._slots.load, abandon_on_cancel=True):
            if not content:  # forgotten
                break
            kept = await self._judge(content)
            if isinstance(kept, Refusal):
                self._say(logging.WARNING, f"LICENCE_SLOT_REFUSED code={kept.code}: {kept.problem.en}")
            else:
                self._trusted = kept
                break  # the other slot is older
        self._restored = True
        entitlement = self._trusted.entitlement
        if entitlement is not None:
            self._gate.install(entitlement)
            self._say(logging.INFO, f"LICENCE_RESTORED seq={entitlement.seq} cameras={','.join(entitlement.cameras)}")

    async def consider(self, content: bytes) -> Entitlement | Refusal:
        """The entitlement in this document, now in force, or why it is not taken. Call `restore` before."""
        judged = await self._judge(content)
        if isinstance(judged, Refusal):
            return judged
        assert judged.entitlement is not None
        new = judged.payload != self._trusted.payload or self._gate.entitlement is None
        self._trusted = judged
        if new:
            if self._timekeeper is not None:
                self._timekeeper.take_issue(judged.entitlement.issued_at)
            self._gate.install(judged.entitlement)
        taken = judged.entitlement
        self._say(logging.INFO, f"LICENCE_ACCEPTED seq={taken.seq} cameras={','.join(taken.cameras)}")
        if new:
            await anyio.to_thread.run_sync(self._keep, content)
        return taken

    async def _judge(self, content: bytes) -> Trusted | Refusal:
        now = self._gate.evidence().now
        return await anyio.to_thread.run_sync(with_document, self._trusted, content, now, abandon_on_cancel=True)

    def _clear(self) -> None:
        try:
            for _ in range(SLOTS):
                self._slots.store(b"")
        except OSError as error:
            self._say(logging.WARNING, f"LICENCE_NOT_KEPT {error}")

    def _keep(self, content: bytes) -> None:
        try:
            self._slots.store(content)
        except OSError as error:
            self._say(logging.WARNING, f"LICENCE_NOT_KEPT {error}")
        if self._timekeeper is not None:
            self._timekeeper.keep()


def profile_mismatch(entitlement: Entitlement, profile: Profile) -> Text:
    """What is wrong where an entitlement was made for another profile than the device's; empty where it fits."""
    if entitlement.profile_sha256 == profile.sha256:
        return NO_TEXT
    return Text(
        ja=f"ライセンスはプロファイル {entitlement.profile} 用ですが、この機器は {profile.name} "
        "を使用しています。機器のプロファイルを確認してください。",
        en=f"The licence was made for the profile {entitlement.profile}, but this device runs another one "
        f"({profile.name}); check the device's profile.",
    )
