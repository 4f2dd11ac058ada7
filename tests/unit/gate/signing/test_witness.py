"""Attacks that a device cannot see itself: its disk put back in time, its identity copied, its licence moved away."""

from datetime import timedelta

import pytest

from gate.licence.decision import Denied, Granted, decide
from gate.licence.features import Feature
from gate.licence.profile import REMO
from gate.signing.identity import DeviceIdentity
from gate.signing.witness import BOOTS_MAX, Alarm, Record, Report, heard
from tests.fakes.entitlements import at, entitlement, span
from tests.fakes.issuers import key

DEVICE, THIEF = DeviceIdentity(key(7)), DeviceIdentity(key(8))


class Issuer:
    """Whoever hears the device."""

    def __init__(self) -> None:
        self.record = Record(public_key=DEVICE.public_key)
        self.asked = 0

    def hear(
        self,
        boot: str = "boot 1",
        seq: int = 1,
        floor: float | None = 0,
        by: DeviceIdentity = DEVICE,
        replayed: bool = False,
    ) -> set[str]:
        self.asked += not replayed
        challenge = self.asked.to_bytes(16, "big")
        proof = by.prove((self.asked - 1).to_bytes(16, "big") if replayed else challenge)
        report = Report(boot_id=boot, seq=seq, floor=None if floor is None else at(floor), proof=proof)
        self.record, alarms = heard(self.record, report, challenge)
        return {alarm.value for alarm in alarms}


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


def test_an_honest_device_raises_no_alarm(issuer: Issuer) -> None:
    for day in range(300):
        assert issuer.hear(f"boot {day // 7}", seq=1 + day // 30, floor=day) == set()
    assert len(issuer.record.former_boots) <= BOOTS_MAX


def test_whole_data_dir_restored(issuer: Issuer) -> None:
    issuer.hear(seq=5, floor=100)
    assert issuer.hear(seq=4, floor=100) == {"DATA_RESTORED"}
    assert issuer.hear(seq=5, floor=99) == {"DATA_RESTORED"}
    assert issuer.hear(seq=5, floor=None) == {"DATA_RESTORED"}
    assert (issuer.record.seq, issuer.record.floor) == (5, at(100)), "what was known is not forgotten for it"
    assert issuer.hear(seq=5, floor=100) == set()


def test_cloned_device(issuer: Issuer) -> None:
    issuer.hear("boot of the one")
    assert issuer.hear("boot of the other") == set(), "one change of boot is a restart"
    assert issuer.hear("boot of the one") == {"TWO_DEVICES"}


def test_clone_without_the_key(issuer: Issuer) -> None:
    issuer.hear(seq=5)
    before = issuer.record
    assert issuer.hear(seq=9, by=THIEF) == {Alarm.IMPOSTOR.value}
    assert issuer.record == before


def test_a_proof_that_was_listened_to(issuer: Issuer) -> None:
    issuer.hear()
    issuer.hear()
    assert issuer.hear(replayed=True) == {"IMPOSTOR"}


def test_transfer_while_the_source_is_offline_overlaps_for_a_bounded_time() -> None:
    """The source hears nothing of it: what it still serves remotely ends with its document's freshness."""
    stale_after = at(0) + timedelta(days=7)
    source = entitlement({"cam1": (span(0, 365 * 86_400),)}, stale_after=stale_after)
    transferred = at(86_400)
    still = decide(source, REMO, Feature.REMOTE_LIVE, "cam1", transferred)
    assert isinstance(still, Granted) and still.until == stale_after
    assert isinstance(decide(source, REMO, Feature.REMOTE_LIVE, "cam1", stale_after), Denied)


def test_service_blocked_to_hide_a_revocation() -> None:
    blocked = entitlement({"cam1": (span(0, 1000),)}, stale_after=at(100))
    remote = decide(blocked, REMO, Feature.REMOTE_LIVE, "cam1", at(100))
    assert isinstance(remote, Denied) and remote.code.value == "STALE" and remote.since == at(100)
    assert decide(blocked, REMO, Feature.RECORDING, "cam1", at(100)) == Granted(since=at(0), until=at(1000))
