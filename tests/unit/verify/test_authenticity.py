"""A report that was touched anywhere is said to be, offline; one that is whole is believed only by a known key."""

import base64
import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.verify.authenticity import check_report
from gate.verify.commands import verify
from gate.verify.errors import KeyFileError, SignatureError, VerifyError
from gate.verify.report import write_report
from gate.verify.signature import apart, digest_of, open_sealed, seal, with_seal
from gate.verify.signing_key import open_signing_key, public_of, read_public_key
from tests.unit.verify.reported import crossed, draw_pictures, run_of

KEY, OTHER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
KNOWN = {KEY.public_key().public_bytes_raw()}
FILES = ("report.json", "report.html", "junit.xml", "signature.json", "lapse_and_restore/after-X-M1.png")
SEALED = seal(KEY, [digest_of("report.json", b"{}")], made_at="2026-11-22T23:49:40+00:00", verdict="pass")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Every file of a signed report."""
    folder = tmp_path_factory.mktemp("report")
    draw_pictures(folder, crossed())
    write_report(folder, run_of(crossed()), KEY, "ja")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def report(made: dict[str, bytes], tmp_path: Path) -> Path:
    for name, content in made.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return tmp_path


def changed_names(path: Path) -> list[str]:
    judged = check_report(path, KNOWN)
    assert judged.verdict == "changed"
    return [fault.name for fault in judged.faults]


def test_a_report_that_nobody_touched_is_whole_as_a_folder_and_by_any_of_its_files(report: Path) -> None:
    for path in (report, *(report / name for name in FILES[:4])):
        judged = check_report(path, KNOWN)
        assert (judged.verdict, judged.faults, judged.unlisted) == ("whole", (), ()), path
    assert check_report(report, KNOWN).result == "pass" and check_report(report, KNOWN).files == 6


def test_by_a_key_that_is_not_known_a_whole_report_is_not_believed(report: Path) -> None:
    for path in (report, report / "report.html"):
        assert check_report(path, set()).verdict == "unknown key"
        assert check_report(path, {OTHER.public_key().public_bytes_raw()}).verdict == "unknown key"


def in_the_middle(data: bytes) -> bytes:
    at = len(data) // 2
    return data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "first byte": lambda data: bytes([data[0] ^ 1]) + data[1:],
    "a byte in the middle": in_the_middle,
    "last byte": lambda data: data[:-1] + bytes([data[-1] ^ 2]),
    "cut off": lambda data: data[:-7],
    "more at its end": lambda data: data + b"\n",
    "emptied": lambda data: b"",
    "a verdict": lambda data: data.replace(b"pass", b"fail") if b"pass" in data else data[::-1],
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
@pytest.mark.parametrize("name", FILES)
def test_a_file_that_was_changed_is_named(report: Path, name: str, damage: Callable[[bytes], bytes]) -> None:
    content = (report / name).read_bytes()
    (report / name).write_bytes(damage(content))
    assert (report / name).read_bytes() != content
    assert changed_names(report) == [name]


@pytest.mark.parametrize("name", [name for name in FILES if name != "signature.json"])
def test_a_file_that_is_missing_or_something_else_is_named(report: Path, name: str) -> None:
    content = (report / name).read_bytes()
    (report / name).unlink()
    assert changed_names(report) == [name]
    (report.parent / "elsewhere").write_bytes(content)
    (report / name).symlink_to(report.parent / "elsewhere")
    assert changed_names(report) == [name]
    (report.parent / "elsewhere").unlink()


def test_what_nobody_signed_is_said_to_be_unsigned_and_a_file_beside_it_named(report: Path) -> None:
    (report / "notes.txt").write_text("mine")
    judged = check_report(report, KNOWN)
    assert (judged.verdict, judged.unlisted) == ("whole", ("notes.txt",))
    (report / "signature.json").unlink()
    assert check_report(report, KNOWN).verdict == "unsigned"
    (report / "page.html").write_text("<!doctype html><p>all is well")
    assert check_report(report / "page.html", KNOWN).verdict == "unsigned"


def test_a_file_that_is_not_in_the_signature_is_not_believed_for_lying_beside_those_that_are(report: Path) -> None:
    (report / "better.json").write_text('{"verdict": "pass"}')
    assert check_report(report / "better.json", KNOWN).verdict == "unsigned"
    assert check_report(report / "report.json", KNOWN).verdict == "whole"


def test_what_anybody_can_sign_or_name_does_not_drive_the_terminal(report: Path) -> None:
    (report / "a\x1b[2Jb").write_text("")
    assert check_report(report, KNOWN).unlisted == ("a\ufffd[2Jb",)
    with pytest.raises(ValueError, match="name"):
        digest_of("a\x1b[2J", b"")
    with pytest.raises(ValueError, match="made_at"):
        seal(OTHER, [], made_at="2027\nwhole: it is as its verifier made it", verdict="pass")


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_byte_of_a_page_or_of_a_signature_can_be_changed_unseen(
    made: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.getbasetemp() / "flipped"
    folder.mkdir(exist_ok=True)
    page = bytearray(made["report.html"])
    at = data.draw(st.one_of(st.integers(0, len(page) - 1), st.integers(len(page) - 2500, len(page) - 1)))
    page[at] ^= data.draw(st.integers(1, 255))
    (folder / "report.html").write_bytes(page)
    assert check_report(folder / "report.html", KNOWN).verdict in ("changed", "unsigned")
    sealed = bytearray(SEALED)
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SignatureError):
        open_sealed(bytes(sealed))


@given(st.binary(max_size=300))
def test_a_signature_of_any_bytes_is_refused_by_a_sentence(content: bytes) -> None:
    with pytest.raises(SignatureError):
        open_sealed(content)


def test_what_another_key_signed_anew_is_not_known(report: Path) -> None:
    write_report(report, run_of(crossed()), OTHER, "ja")
    assert check_report(report, KNOWN).verdict == "unknown key"


def test_the_signature_of_another_report_does_not_fit(report: Path) -> None:
    (report / "signature.json").write_bytes(SEALED)
    assert changed_names(report) == ["report.json"]


def test_a_signature_over_files_outside_the_report_names_them(tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / "secret").write_bytes(b"x")
    listed = [digest_of("../secret", b"x"), digest_of(str(tmp_path / "secret"), b"x")]
    (tmp_path / "report" / "signature.json").write_bytes(seal(KEY, listed, made_at="", verdict="pass"))
    assert changed_names(tmp_path / "report") == ["../secret", str(tmp_path / "secret")]


def test_a_lenient_reader_of_base64_or_json_is_not_fooled() -> None:
    envelope = json.loads(SEALED)
    reordered = dict(reversed(envelope.items()))
    padded = {**envelope, "payload": envelope["payload"] + "\n"}
    more = {**envelope, "note": "it passed"}
    for one in (reordered, padded, more):
        with pytest.raises(SignatureError):
            open_sealed(json.dumps(one, indent=1).encode() + b"\n")
    payload = json.loads(base64.b64decode(envelope["payload"])) | {"verdict": "fail"}
    with pytest.raises(SignatureError):
        open_sealed(SEALED.replace(envelope["payload"].encode(), base64.b64encode(json.dumps(payload).encode())))


def test_a_page_whose_last_line_says_the_same_in_other_letters_is_changed() -> None:
    page = with_seal(b"<p>", b"ab")
    assert apart(page) == (b"<p>", b"ab") and base64.b64decode("YWJ=", validate=True) == b"ab"
    with pytest.raises(SignatureError):
        apart(page.replace(b"YWI=", b"YWJ="))


def test_the_key_is_made_at_first_use_for_its_owner_alone_and_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "data" / "verify.key"
    first = open_signing_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert open_signing_key(path).private_bytes_raw() == first.private_bytes_raw()
    public = first.public_key().public_bytes_raw()
    assert read_public_key(str(public_of(path))) == read_public_key(public.hex()) == public
    assert [one.name for one in path.parent.iterdir()] in (["verify.key", "verify.pub"], ["verify.pub", "verify.key"])


def test_a_key_that_others_can_read_or_that_is_none_is_refused_by_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "verify.key"
    open_signing_key(path)
    path.chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 600"):
        open_signing_key(path)
    path.chmod(0o600)
    other = OTHER.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(other)
    with pytest.raises(KeyFileError, match="does not belong"):
        open_signing_key(path)
    for content, wanted in ((b"", "public key"), (other, "public key")):
        (tmp_path / "odd.pub").write_bytes(content)
        with pytest.raises(KeyFileError, match=wanted):
            read_public_key(str(tmp_path / "odd.pub"))
    with pytest.raises(KeyFileError, match="cannot be read"):
        read_public_key(str(tmp_path / "none.pub"))


def test_the_command_says_it_by_its_exit_status(
    report: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("home")))
    key = KEY.public_key().public_bytes_raw().hex()
    assert verify(["--check", str(report), "--key", key, "--language", "en"]) == 0
    assert "whole: It is as its verifier made it." in capsys.readouterr().out
    assert verify(["--check", str(report), "--language", "ja"]) == 1
    assert "verify.pub" in capsys.readouterr().out
    (report / "junit.xml").write_text("<testsuites/>")
    assert verify(["--check", str(report), "--key", key, "--json"]) == 1
    judged = json.loads(capsys.readouterr().out)
    assert (judged["verdict"], [fault["name"] for fault in judged["faults"]]) == ("changed", ["junit.xml"])
    assert verify(["--check", str(report / "none"), "--key", key]) == 2
    assert verify(["--check", str(report), "--key", "nothing.pub"]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_report_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(VerifyError, match="no such report"):
        check_report(tmp_path / "none", KNOWN)
