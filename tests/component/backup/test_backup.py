"""A backup is whole, for its owner alone, and never makes a device forget what it knows of time and licence."""

import contextlib
import errno
import hashlib
import io
import json
import shutil
import sqlite3
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from gate.client.on_disk import in_force_by
from gate.client.registration import open_device_identity
from gate.client.timekeeper import parse_trust, trust_payload
from gate.licence.clock_evidence import ClockSource
from gate.signing.trusted_time import TimeTrust
from gate.signing.two_slots import TwoSlots
from gate.signing.witness import Alarm, Record, Report, heard
from recorder.access.database import AccessDatabase
from recorder.backup.errors import BackupError
from recorder.backup.private import Private, pack, unpack
from recorder.backup.sealing import open_private, seal_private
from recorder.cli import main
from recorder.segments.folder_lock import FolderLock
from tests.component.playback.test_reader import SECOND, run_of
from tests.fakes.issuers import ROOT, document
from tests.fakes.recorded import Recorded

SECRET, PASSPHRASE = "camera-password-1", "correct horse battery"
SIGNED = datetime(2026, 5, 1, tzinfo=UTC)
YEARS = 10 * 365 * 86_400


@dataclass
class Site:
    """A recorder that does not run at present: device, licence, users, footage, configuration."""

    root: Path
    recorded: Recorded

    @property
    def config(self) -> Path:
        return self.root / "recorder.yaml"

    @property
    def data(self) -> Path:
        return self.root / "data"

    def slots(self, name: str) -> TwoSlots:
        return TwoSlots(self.data / "licence", name)

    def know(self, seq: int, floor: datetime) -> None:
        """What the device has learnt from its issuer."""
        self.slots("entitlement").store(document(seq, until=YEARS))
        trust = TimeTrust(boot_id="boot-1", source=ClockSource.SIGNED, anchor=floor - timedelta(days=1), floor=floor)
        self.slots("clock").store(trust_payload(trust))

    def known(self) -> tuple[int, datetime | None]:
        """The number of the licence that counts, and the floor."""
        trust = parse_trust(self.slots("clock").load()[0])
        entitlement = in_force_by(self.config, datetime(2026, 6, 1, tzinfo=UTC)).trusted.entitlement
        assert entitlement is not None and trust is not None
        return entitlement.seq, trust.floor

    def files(self) -> dict[str, str]:
        """Everything below the folder, by digest."""
        return {
            path.relative_to(self.root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.root.rglob("*"))
            if path.is_file()
        }


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    root = tmp_path / "site"
    recorded = Recorded(root / "data", segment_seconds=3)
    recorded.write(run_of(1, 0, [15] * 9))
    recorded.gap(run_of(1, 9 * SECOND, [1])[0].utc_ns, run_of(1, 20 * SECOND, [1])[0].utc_ns, "licence")
    recorded.write(run_of(2, 20 * SECOND, [15] * 6))
    site = Site(root, recorded)
    open_device_identity(site.data)
    AccessDatabase(site.data / "access.sqlite3").close()
    (root / "root.pub").write_bytes(ROOT.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (root / "hook.secret").write_text("whsec_" + "A" * 44)
    (root / "licence.json").write_bytes(document(1, until=YEARS))
    content = {
        "device": {"id": "rec-1", "data_dir": "data"},
        "licence": {"path": "licence.json", "root_key": "root.pub"},
        "local": {"socket": "r.sock"},
        "storage": {"bytes_max": "1GB", "free_bytes_min": 0},
        "notify": {"webhooks": [{"url": "https://example.net/x", "secret_file": "hook.secret"}]},
        "cameras": [{"id": "cam1", "main": {"url": "rtsp://127.0.0.1:9/x"}, "user": "admin", "password": SECRET}],
    }
    site.config.write_text(yaml.safe_dump(content))
    site.know(1, SIGNED)
    yield site
    recorded.close()


def run(capsys: pytest.CaptureFixture[str], *words: str | Path) -> dict[str, Any]:
    status = main([*map(str, words), "--json"])
    out = capsys.readouterr()
    return {"status": status} | (json.loads(out.out) if out.out else {"error": out.err})


@pytest.fixture
def passphrase(tmp_path: Path) -> Path:
    path = tmp_path / "passphrase"
    path.write_text(PASSPHRASE + "\n")
    return path


def test_everything_comes_back_where_nothing_is_left(
    site: Site, tmp_path: Path, passphrase: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, secret = tmp_path / "rec-1.backup", ("--passphrase-file", passphrase)
    made = run(capsys, "backup", site.config, "--out", out, "--with-footage", *secret)
    assert made["status"] == 0 and made["sealed"] is True
    before = site.files()
    footage = [name for name in before if name.endswith(".mp4")]
    assert made["segments"] == len(footage) > 3
    shutil.rmtree(site.root)
    put = run(capsys, "restore", out, "--into", site.config, *secret)
    assert put["status"] == 0 and (put["segments"], put["kept"], put["rebuilt"]) == (len(footage), 0, None)
    after = site.files()
    same = {"recorder.yaml", "root.pub", "licence.json", "hook.secret", "data/device.key", "data/device.pub"}
    same |= set(footage) | {"data/media/volume.json"}
    assert {name: after.get(name) for name in same} == {name: before[name] for name in same}
    assert site.known() == (1, SIGNED)
    assert main(["index", "check", str(site.data), "--deep"]) == 0
    assert {path.stat().st_mode & 0o077 for path in site.data.rglob("*") if path.suffix in (".key", ".sqlite3")} == {0}
    assert not [name for name in after if ".tmp" in name or ".part" in name or ".restored" in name]


def test_only_its_owner_reads_it_and_a_passphrase_hides_every_secret(
    site: Site, tmp_path: Path, passphrase: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain, sealed = tmp_path / "plain", tmp_path / "sealed"
    run(capsys, "backup", site.config, "--out", plain)
    run(capsys, "backup", site.config, "--out", sealed, "--passphrase-file", passphrase)
    key = (site.data / "device.key").read_bytes()
    for path, readable in ((plain, True), (sealed, False)):
        assert path.stat().st_mode & 0o777 == 0o600
        assert [word in path.read_bytes() for word in (SECRET.encode(), key, b"whsec_")] == [readable] * 3
    other = tmp_path / "other"
    other.write_text("another passphrase")
    refused = run(capsys, "restore", sealed, "--into", tmp_path / "new" / "r.yaml", "--passphrase-file", other)
    assert refused["status"] == 2 and "passphrase is another one" in refused["error"]
    assert not (tmp_path / "new").exists()


def test_a_restore_never_puts_time_or_licence_back(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "backup", site.config, "--out", tmp_path / "b")
    for number in (6, 7):  # the newest lies where the backup has its own
        site.know(number, SIGNED + timedelta(days=10 * number + 20))
    assert run(capsys, "restore", tmp_path / "b", "--into", site.config, "--force")["status"] == 0
    assert site.known() == (7, SIGNED + timedelta(days=90))
    run(capsys, "backup", site.config, "--out", tmp_path / "later")
    shutil.rmtree(site.data / "licence")
    site.know(2, SIGNED)
    assert run(capsys, "restore", tmp_path / "later", "--into", site.config, "--force")["status"] == 0
    assert site.known() == (7, SIGNED + timedelta(days=90)), "what is newer is put back"


@pytest.mark.parametrize("place", ["licence.json", "data/licence.json"])
def test_a_restore_keeps_a_licence_file_that_is_newer_than_its_own(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    licence = site.root / place
    site.config.write_text(site.config.read_text().replace("path: licence.json", f"path: {place}"))
    licence.write_bytes(document(3, until=YEARS))
    run(capsys, "backup", site.config, "--out", tmp_path / "b")
    kept = {}
    for there in (2, 3, 4):  # the recorder has never seen it: nothing but the file holds it
        licence.write_bytes(document(there, until=YEARS))
        put = run(capsys, "restore", tmp_path / "b", "--into", site.config, "--force")
        kept[there] = put["licence_kept"], licence.read_bytes() == document(max(there, 3), until=YEARS)
    assert kept == {2: (False, True), 3: (False, True), 4: (True, True)}
    licence.write_bytes(document(5, until=YEARS, signed_by=Ed25519PrivateKey.generate()))
    assert main(["restore", str(tmp_path / "b"), "--into", str(site.config), "--force"]) == 0
    assert licence.read_bytes() == document(3, until=YEARS), "a number that nobody trusted has signed is none"
    assert "it is newer" not in capsys.readouterr().out
    licence.write_bytes(document(4, until=YEARS))
    main(["restore", str(tmp_path / "b"), "--into", str(site.config), "--force"])
    assert "the licence file that was there stays: it is newer than the backup's" in capsys.readouterr().out


def test_the_service_notices_a_device_that_went_back_and_one_that_runs_twice(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "backup", site.config, "--out", tmp_path / "b")
    identity, challenge = open_device_identity(site.data), b"c" * 32
    record = Record(public_key=identity.public_key, boot_id="boot-1", seq=3, floor=SIGNED + timedelta(days=9))
    shutil.rmtree(site.root)
    run(capsys, "restore", tmp_path / "b", "--into", site.config)
    again = open_device_identity(site.data)
    assert again.sha256 == identity.sha256
    seq, floor = site.known()
    report = Report(boot_id="boot-2", seq=seq, floor=floor, proof=again.prove(challenge))
    record, alarms = heard(record, report, challenge)
    assert alarms == {Alarm.DATA_RESTORED}
    old = Report(boot_id="boot-1", seq=3, floor=record.floor, proof=identity.prove(challenge))
    assert Alarm.TWO_DEVICES in heard(record, old, challenge)[1]


def test_footage_that_is_younger_than_the_backup_stays_and_is_in_the_index(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "backup", site.config, "--out", tmp_path / "b")
    site.recorded.write(run_of(3, 40 * SECOND, [15] * 6))
    site.recorded.close()
    footage = {name: digest for name, digest in site.files().items() if name.endswith(".mp4")}
    put = run(capsys, "restore", tmp_path / "b", "--into", site.config, "--force")
    assert put["rebuilt"] == len(footage)
    assert {name: digest for name, digest in site.files().items() if name.endswith(".mp4")} == footage
    assert main(["index", "check", str(site.data), "--deep"]) == 0


def test_without_its_footage_the_index_holds_none_and_its_gaps_stay(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "backup", site.config, "--out", tmp_path / "b")
    site.recorded.close()
    shutil.rmtree(site.root)
    put = run(capsys, "restore", tmp_path / "b", "--into", site.config)
    assert put["status"] == 0 and put["rebuilt"] == 0
    assert main(["index", "check", str(site.data)]) == 0


def test_what_is_there_is_replaced_only_by_force(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "backup", site.config, "--out", tmp_path / "b")
    before = site.files()
    refused = run(capsys, "restore", tmp_path / "b", "--into", site.config)
    assert refused["status"] == 2 and "--force" in refused["error"]
    again = run(capsys, "backup", site.config, "--out", tmp_path / "b")
    assert again["status"] == 2 and "is there already" in again["error"]
    assert site.files() == before


@pytest.mark.parametrize("damage", ["cut", "flipped", "foreign", "added"])
def test_a_damaged_file_changes_nothing(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: str
) -> None:
    out = tmp_path / "b"
    run(capsys, "backup", site.config, "--out", out, "--with-footage")
    content = bytearray(out.read_bytes())
    match damage:
        case "cut":
            content = content[: len(content) // 2]
        case "flipped":
            content[content.index(SECRET.encode())] ^= 1
        case "foreign":
            content = bytearray(b"hello" * 1000)
        case "added":
            with tarfile.open(out, "a") as tar:
                header = tarfile.TarInfo("more")
                header.size = 2
                tar.addfile(header, io.BytesIO(b"hi"))
            content = bytearray(out.read_bytes())
    out.write_bytes(content)
    before = site.files()
    assert run(capsys, "restore", out, "--into", site.config, "--force")["status"] == 2
    assert site.files() == before


def test_a_running_recorder_is_not_restored_into(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "backup", site.config, "--out", tmp_path / "b")
    lock = FolderLock(site.data, "index.lock")
    lock.lock()
    before = site.files()
    refused = run(capsys, "restore", tmp_path / "b", "--into", site.config, "--force")
    lock.unlock()
    assert refused["status"] == 2 and "stop it" in refused["error"]
    assert site.files() == before


@pytest.mark.parametrize(
    "name",
    [
        "data/../../x",
        "data//etc/x",
        "elsewhere/x",
        "data/",
        "volumes/one",
        "data/licence/./clock.a",
        "data/./clock.json",
    ],
)
def test_names_that_lead_elsewhere_are_refused(name: str) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for one in ("config.yaml", name):
            tar.addfile(tarfile.TarInfo(one), io.BytesIO())
    with pytest.raises(BackupError):
        unpack(buffer.getvalue())


_NAMES = st.text(st.characters(categories=["Ll", "Nd"], max_codepoint=0x3FFF), min_size=1, max_size=120)


@given(st.binary(), st.dictionaries(_NAMES, st.binary()), st.dictionaries(_NAMES, st.binary()), st.binary())
def test_what_is_packed_comes_out_again(
    config: bytes, data: dict[str, bytes], beside: dict[str, bytes], id: bytes
) -> None:
    private = Private(config=config, data=data, beside=beside, volumes={1: id})
    assert unpack(pack(private)) == private


def test_a_sealed_part_that_was_altered_anywhere_does_not_open() -> None:
    sealed = seal_private(b"secret", PASSPHRASE)
    assert open_private(sealed, PASSPHRASE) == b"secret"
    for place in (3, sealed.index(b"\n") - 4, len(sealed) - 1):
        with pytest.raises(BackupError):
            open_private(sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :], PASSPHRASE)
    greedy = sealed.replace(b'"n": 65536', b'"n": 1073741824')
    with pytest.raises(BackupError, match="does not know"):
        open_private(greedy, PASSPHRASE)
    with pytest.raises(BackupError, match="12 characters"):
        seal_private(b"secret", "short")


@pytest.mark.parametrize(
    "lie",
    [
        b'{"made_at": "\\u001b]0;yours\\u0007"}',
        b'{"key": "\\u009b2J"}',
        b'{"members": [{"name": {}, "bytes": 1, "sha256": ""}]}',
        b'{"members": [{"name": "index.db", "bytes": "many", "sha256": "no"}]}',
        b'{"members": 5}',
        b"[" * 100_000,
    ],
    ids=["title", "clear", "name", "bytes", "members", "deep"],
)
def test_a_manifest_of_anything_is_one_sentence_that_writes_nothing_of_it_on_the_terminal(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str], lie: bytes
) -> None:
    run(capsys, "backup", site.config, "--out", tmp_path / "b")
    with tarfile.open(tmp_path / "b") as good, tarfile.open(tmp_path / "bad", "w", format=tarfile.PAX_FORMAT) as bad:
        for header in good:
            file = good.extractfile(header)
            assert file is not None
            content = file.read()
            if header.name == "manifest.json":
                content = lie if lie.startswith(b"[") else json.dumps(json.loads(content) | json.loads(lie)).encode()
                header.size = len(content)
            bad.addfile(header, io.BytesIO(content))
    refused = run(capsys, "restore", tmp_path / "bad", "--into", tmp_path / "new" / "r.yaml")
    assert refused["status"] == 2 and "this is no backup of a recorder" in refused["error"]
    assert refused["error"].rstrip("\n").isprintable() and not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "wish", [{"n": 1 << 22}, {"r": 64}, {"n": 1 << 20, "r": 16}, {"p": 5}, {"n": -4}, {"n": -4, "r": -8}]
)
def test_a_sealed_part_may_not_want_more_memory_or_time_than_a_recorder_has(wish: dict[str, int]) -> None:
    head, _, content = seal_private(b"x", PASSPHRASE).partition(b"\n")
    asking = json.dumps(json.loads(head) | wish).encode() + b"\n" + content
    with pytest.raises(BackupError, match="of a form that this version does not know"):
        open_private(asking, PASSPHRASE)


def test_a_key_that_is_not_the_roots_brings_no_licence(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An altered backup cannot put a licence in force: the slots are judged as a device judges them."""
    site.slots("entitlement").store(document(9, until=YEARS, signed_by=Ed25519PrivateKey.generate()))
    run(capsys, "backup", site.config, "--out", tmp_path / "b")
    shutil.rmtree(site.data / "licence")
    site.know(2, SIGNED)
    run(capsys, "restore", tmp_path / "b", "--into", site.config, "--force")
    assert site.known()[0] == 2


@pytest.mark.parametrize("name", ["index.db", "access.sqlite3"])
def test_a_backup_of_a_newer_version_changes_nothing(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    site.recorded.close()
    database = site.data / name
    with contextlib.closing(sqlite3.connect(database)) as db:
        form = db.execute("PRAGMA user_version").fetchone()[0]
        db.execute("PRAGMA user_version = 99")
    assert run(capsys, "backup", site.config, "--out", tmp_path / "b")["status"] == 0
    with contextlib.closing(sqlite3.connect(database)) as db:
        db.execute(f"PRAGMA user_version = {form}")
    before = site.files()
    refused = run(capsys, "restore", tmp_path / "b", "--into", site.config, "--force")
    assert refused["status"] == 2 and "newer" in refused["error"] and "install" in refused["error"]
    assert site.files() == before


def test_a_disk_that_is_full_leaves_the_index_with_its_newest_changes(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(capsys, "backup", site.config, "--out", tmp_path / "b")
    before = site.files()
    assert before["data/index.db-wal"]

    def put(path: Path, blocks: Iterable[bytes]) -> None:
        if "index.db" in path.name:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(blocks))

    monkeypatch.setattr("recorder.backup.restoring._put_blocks", put)
    refused = run(capsys, "restore", tmp_path / "b", "--into", site.config, "--force")
    assert refused["status"] == 2 and "No space left" in refused["error"]
    kept = ("data/index.db", "data/index.db-wal")
    assert [site.files().get(name) for name in kept] == [before[name] for name in kept]


def test_a_disk_that_knows_no_links_takes_a_backup(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAT and exFAT, as on USB sticks."""

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    out = tmp_path / "b"
    assert run(capsys, "backup", site.config, "--out", out)["status"] == 0
    assert out.stat().st_mode & 0o777 == 0o600 and [path.name for path in tmp_path.iterdir() if ".b" in path.name] == []
    again = run(capsys, "backup", site.config, "--out", out)
    assert again["status"] == 2 and "is there already" in again["error"]
    assert run(capsys, "restore", out, "--into", tmp_path / "new" / "recorder.yaml")["status"] == 0


@pytest.mark.parametrize("place", ["data/log/recorder.log", "recorder.log"])
def test_the_log_is_neither_backed_up_nor_put_back(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    log = site.root / place
    log.parent.mkdir(exist_ok=True)
    site.config.write_text(site.config.read_text() + f"log: {{file: {place}}}\n")
    for path in (log, log.with_name(log.name + ".1")):
        path.write_text("line of the log")
    run(capsys, "backup", site.config, "--out", tmp_path / "b")
    assert b"line of the log" not in (tmp_path / "b").read_bytes()
    log.write_text("a later line")
    assert run(capsys, "restore", tmp_path / "b", "--into", site.config, "--force")["status"] == 0
    assert log.read_text() == "a later line"


def test_footage_of_a_disk_that_is_not_mounted_is_not_left_out_in_silence(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    media = site.data / "media"
    media.rename(tmp_path / "unplugged")
    media.mkdir()
    refused = run(capsys, "backup", site.config, "--out", tmp_path / "b", "--with-footage")
    assert refused["status"] == 2 and "mount" in refused["error"] and str(media) in refused["error"]
    assert not (tmp_path / "b").exists()
    assert run(capsys, "backup", site.config, "--out", tmp_path / "b")["status"] == 0


def test_what_a_command_that_was_killed_left_behind_is_not_backed_up(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    left = site.data / ".backup-abc" / "access.sqlite3"
    left.parent.mkdir()
    left.write_text("hashes of long ago")
    run(capsys, "backup", site.config, "--out", site.data / "b")
    assert b"hashes of long ago" not in (site.data / "b").read_bytes()


def test_what_a_restore_would_not_take_is_not_backed_up(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recorder.backup.private.DATA_BYTES_MAX", 1 << 20)
    (site.data / "core").write_bytes(bytes(1 << 20))
    refused = run(capsys, "backup", site.config, "--out", tmp_path / "b")
    assert refused["status"] == 2 and "take them away" in refused["error"]
    assert not (tmp_path / "b").exists()
