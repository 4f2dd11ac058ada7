"""What a device is told: signed, numbered, with its nonce, the future included; and what it gives away of itself."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import func, select

from gate.licence.entitlement import Entitlement, parse_payload
from gate.service.operations.bindings import unbind
from gate.service.operations.device_upkeep import settle_alarms
from gate.service.operations.devices import AnnouncedCamera, Announcement, RegisterDevice, devices, register_device
from gate.service.operations.entitlements import (
    CHALLENGE_LASTS,
    ENTITLEMENTS_KEPT,
    STALE_AFTER,
    Minted,
    customer_versions,
    hear,
    introduce,
    mint,
    mint_all,
    new_challenge,
)
from gate.service.operations.refusals import Refusal
from gate.service.store import schema
from gate.signing.device_label import DeviceLabel
from gate.signing.envelope import open_sealed
from gate.signing.identity import DeviceIdentity, sha256_of
from gate.signing.issuer import Issuer, open_issuer, rotate
from gate.signing.keys import kid_of
from gate.signing.time_answer import open_time
from gate.signing.trust import Trusted, pinned, with_document
from gate.signing.witness import Alarm, Report
from tests.component.service.site import Licensed, Site

NONCE = bytes(range(32))


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    return open_issuer(tmp_path_factory.mktemp("issuer"))


async def _minted(site: Site, issuer: Issuer, device: str, nonce: bytes | None = None) -> Minted:
    return await site.do(lambda tx: mint(tx, device, issuer, site.now, site.rules, nonce=nonce))


def _read(minted: Minted, issuer: Issuer) -> Entitlement:
    return parse_payload(open_sealed(minted.document, issuer.known_keys()).payload)


async def _challenged(site: Site) -> bytes:
    return await site.do(lambda tx: new_challenge(tx, site.now))


def _report(identity: DeviceIdentity, challenge: bytes, *, boot: str = "boot-1", seq: int = 0) -> Report:
    return Report(boot_id=boot, seq=seq, floor=None, proof=identity.prove(challenge))


async def test_a_device_that_pins_the_root_takes_what_is_minted_and_no_other_device_does(
    site: Site, issuer: Issuer
) -> None:
    made = await site.licensed()
    minted = await _minted(site, issuer, made.device)
    async with site.store.read() as tx:
        key = await tx.scalar(select(schema.devices.c.public_key).where(schema.devices.c.id == made.device))
    entitlement = _read(minted, issuer)
    assert entitlement.device_id == made.device and entitlement.seq == 1 and entitlement.issued_at == site.now
    assert entitlement.stale_after == site.now + STALE_AFTER
    assert entitlement.spans("cam1")[0].end == datetime(2027, 2, 28, 15, tzinfo=UTC)
    own = sha256_of(Ed25519PublicKey.from_public_bytes(key))
    taken = with_document(pinned(issuer.root, made.device, own), minted.document, site.now)
    assert isinstance(taken, Trusted)
    refused = with_document(pinned(issuer.root, made.device, "0" * 64), minted.document, site.now)
    assert not isinstance(refused, Trusted) and refused.code == "CLONED"


async def test_numbers_rise_and_go_on_above_what_the_device_has_had(site: Site, issuer: Issuer) -> None:
    made = await site.licensed()
    assert [(await _minted(site, issuer, made.device)).seq for _ in range(3)] == [1, 2, 3]
    async with site.store.begin() as tx:  # the service's database was put back, the device's was not
        await tx.execute(schema.devices.update().values(seq=41, issued_seq=2))
    assert (await _minted(site, issuer, made.device)).seq == 42


async def test_the_answer_about_the_time_carries_the_devices_own_nonce(site: Site, issuer: Issuer) -> None:
    made = await site.licensed()
    minted = await _minted(site, issuer, made.device, NONCE)
    assert minted.time_answer is not None
    answer = open_time(minted.time_answer, made.device, issuer.known_keys())
    assert (answer.time, answer.nonce) == (site.now, NONCE)
    assert (await _minted(site, issuer, made.device)).time_answer is None


async def test_what_will_follow_by_automatic_assignment_is_shipped_ahead(site: Site, issuer: Issuer) -> None:
    made = await site.licensed()
    await site.stock(made.partner, 1)
    site.now = datetime(2027, 2, 10, tzinfo=UTC)
    spare = (await site.allocated(made.partner, made.customer)).licences[0]
    assert spare.term is not None and spare.camera is None
    (span,) = _read(await _minted(site, issuer, made.device), issuer).spans("cam1")
    assert span.end == spare.term.ends


async def test_a_licence_taken_away_is_gone_from_the_next_entitlement_and_the_version_tells(
    site: Site, issuer: Issuer
) -> None:
    made = await site.licensed()
    before = await _minted(site, issuer, made.device)
    site.now += timedelta(days=1)
    await site.do(lambda tx: unbind(tx, made.customer, made.licences[0], site.now, site.rules))
    versions = await site.do(lambda tx: customer_versions(tx, frozenset({made.device, "nobody"})))
    assert versions.keys() == {made.device} and versions[made.device] > before.customer_version
    after = await _minted(site, issuer, made.device)
    assert after.customer_version == versions[made.device]
    assert _read(after, issuer).spans("cam1") == ()


async def test_a_change_is_told_in_this_process_after_the_commit_and_not_after_a_refusal(site: Site) -> None:
    made = await site.licensed()
    told: list[frozenset[str]] = []
    stop = site.store.listen(told.append)
    await site.do(lambda tx: unbind(tx, made.customer, made.licences[0], site.now, site.rules))
    await site.refused(lambda tx: unbind(tx, made.customer, made.licences[0], site.now, site.rules))
    stop()
    assert told == [frozenset({made.customer.customer})]


async def test_many_devices_are_told_at_once_and_strangers_are_left_out(site: Site, issuer: Issuer) -> None:
    one, other = await site.licensed(), await site.licensed()
    ids = [one.device, other.device, "nobody"]
    minted = await site.do(lambda tx: mint_all(tx, ids, issuer, site.now, site.rules, nonces={one.device: NONCE}))
    assert minted.keys() == {one.device, other.device}
    assert minted[one.device].time_answer is not None and minted[other.device].time_answer is None


async def test_few_old_entitlements_are_kept(site: Site, issuer: Issuer) -> None:
    made = await site.licensed()
    for _ in range(ENTITLEMENTS_KEPT + 3):
        await _minted(site, issuer, made.device)
    async with site.store.read() as tx:
        assert await tx.scalar(select(func.count()).select_from(schema.entitlements)) == ENTITLEMENTS_KEPT


async def test_a_rotated_key_signs_and_brings_its_key_sets_along(site: Site, tmp_path: Path) -> None:
    made = await site.licensed()
    open_issuer(tmp_path)
    rotated = rotate(tmp_path)
    minted = await _minted(site, rotated, made.device)
    assert _read(minted, rotated).kid == kid_of(rotated.key.public_key()) != kid_of(rotated.root)
    assert isinstance(with_document(pinned(rotated.root, made.device), minted.document, site.now), Trusted) is False
    async with site.store.read() as tx:
        key = await tx.scalar(select(schema.devices.c.public_key))
    assert isinstance(_trusted(rotated, made, key, minted, site), Trusted)


def _trusted(issuer: Issuer, made: Licensed, key: bytes, minted: Minted, site: Site) -> object:
    own = sha256_of(Ed25519PublicKey.from_public_bytes(key))
    return with_document(pinned(issuer.root, made.device, own), minted.document, site.now)


async def _known(site: Site) -> tuple[Licensed, DeviceLabel, DeviceIdentity]:
    made = await site.licensed()
    label, identity = site.label()
    await site.announced(label)
    request = RegisterDevice(code=label.code)
    await site.do(lambda tx: register_device(tx, made.customer, request, site.now, site.rules))
    return made, label, identity


async def test_a_challenge_is_good_once_and_for_a_short_time(site: Site) -> None:
    _, label, identity = await _known(site)
    challenge = await _challenged(site)
    report = _report(identity, challenge)
    assert await site.do(lambda tx: hear(tx, label.device, report, challenge, site.now)) == frozenset()
    assert await site.refused(lambda tx: hear(tx, label.device, report, challenge, site.now)) == "STALE_CHALLENGE"
    old = await _challenged(site)
    late = site.now + CHALLENGE_LASTS
    work = lambda tx: hear(tx, label.device, _report(identity, old), old, late)  # noqa: E731
    assert await site.refused(work) == "STALE_CHALLENGE"


async def test_a_copy_of_a_device_and_old_data_raise_alarms_that_its_owner_sees(site: Site) -> None:
    made, label, identity = await _known(site)

    async def say(boot: str, seq: int) -> frozenset[Alarm]:
        challenge = await _challenged(site)
        report = _report(identity, challenge, boot=boot, seq=seq)
        return await site.do(lambda tx: hear(tx, label.device, report, challenge, site.now))

    assert await say("boot-1", 5) == frozenset()
    assert await say("boot-2", 6) == frozenset()
    assert await say("boot-1", 6) == {Alarm.TWO_DEVICES}
    assert await say("boot-3", 2) == {Alarm.DATA_RESTORED}
    found = await site.do(lambda tx: devices(tx, made.customer, None, site.now, site.rules))
    assert found[-1].alarms == ("TWO_DEVICES", "DATA_RESTORED") and found[0].alarms == ()
    stranger = (await site.licensed()).customer
    assert await site.refused(lambda tx: settle_alarms(tx, stranger, label.device, site.now)) == "UNKNOWN_DEVICE"
    await site.do(lambda tx: settle_alarms(tx, made.customer, label.device, site.now))
    found = await site.do(lambda tx: devices(tx, made.customer, None, site.now, site.rules))
    assert found[-1].alarms == ()


async def test_a_strangers_reports_raise_one_alarm_whatever_boots_they_name(site: Site) -> None:
    made, label, _ = await _known(site)
    _, stranger = site.label()
    for boot in ("boot-1", "boot-2", "boot-3"):
        challenge = await _challenged(site)
        report = _report(stranger, challenge, boot=boot)
        assert await site.refused(lambda tx: hear(tx, label.device, report, challenge, site.now)) == "NO_PROOF"  # noqa: B023
    async with site.store.read() as tx:
        assert await tx.scalar(select(func.count()).select_from(schema.alarms)) == 1
    found = await site.do(lambda tx: devices(tx, made.customer, None, site.now, site.rules))
    assert found[-1].alarms == ("IMPOSTOR",)


async def test_whoever_has_not_the_key_is_believed_nothing(site: Site) -> None:
    _, label, _ = await _known(site)
    _, stranger = site.label()
    challenge = await _challenged(site)
    report = _report(stranger, challenge, seq=99)
    assert await site.refused(lambda tx: hear(tx, label.device, report, challenge, site.now)) == "NO_PROOF"
    fresh, _ = site.label()
    challenge = await _challenged(site)
    announcement = Announcement(label=fresh, name="x", cameras=(AnnouncedCamera(id="cam1", name=""),))
    report = _report(stranger, challenge)
    assert await site.refused(lambda tx: introduce(tx, announcement, report, challenge, site.now)) == "NO_PROOF"
    async with site.store.read() as tx:
        assert await tx.row(select(schema.devices).where(schema.devices.c.id == fresh.device)) is None
        assert await tx.scalar(select(schema.devices.c.seq).where(schema.devices.c.id == label.device)) == 0


async def test_a_device_of_nobodys_is_told_nothing(site: Site, issuer: Issuer) -> None:
    label, _ = site.label()
    await site.announced(label)
    async with site.store.begin() as tx:
        result = await mint(tx, label.device, issuer, site.now, site.rules)
    assert isinstance(result, Refusal) and result.code == "NOT_REGISTERED"
