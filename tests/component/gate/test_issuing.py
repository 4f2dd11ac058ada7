"""Keys, numbers and files of issuing; and the command that does it."""

import asyncio
import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from gate.commands import licence
from gate.licence.entitlement import Entitlement, parse_payload
from gate.licence.errors import EntitlementError
from gate.shared_clock.server import ClockServer
from gate.signing.envelope import verify
from gate.signing.errors import KeyBusyError, KeyFileError, SigningError
from gate.signing.issue import Request, issue
from gate.signing.keys import load_root_key, load_signing_key, open_keys
from tests.fakes.entitlements import at


def request(**changes: Any) -> Request:
    fields: dict[str, Any] = {"device_id": "rec-1", "cameras": ["cam1"], "issued_at": at(0), "until": at(100)}
    return Request(**(fields | changes))


def read(folder: Path) -> Entitlement:
    return parse_payload(verify((folder / "licence.json").read_bytes(), load_root_key(folder / "root.pub")))


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> dict[str, Any]:
    assert licence([*argv, "--json"]) == 0
    facts: dict[str, Any] = json.loads(capsys.readouterr().out)
    return facts


def complaint(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    try:
        assert licence([*argv]) == 2
    except SystemExit as ended:
        assert ended.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


class TestKeys:
    def test_the_first_issue_makes_a_private_and_a_public_key(self, tmp_path: Path) -> None:
        issue(request(), out=tmp_path / "licence.json", keys=tmp_path)
        assert stat.S_IMODE((tmp_path / "signing.key").stat().st_mode) == 0o600
        assert sorted(path.name for path in tmp_path.iterdir()) == [
            "licence.json",
            "root.pub",
            "signing.key",
            "signing.seq",
        ]
        assert read(tmp_path).cameras["cam1"].intervals == ((at(0), at(100)),)

    def test_the_key_is_private_under_any_umask(self, tmp_path: Path) -> None:
        before = os.umask(0)
        try:
            open_keys(tmp_path)
        finally:
            os.umask(before)
        assert stat.S_IMODE((tmp_path / "signing.key").stat().st_mode) == 0o600

    def test_the_same_keys_are_used_again(self, tmp_path: Path) -> None:
        first, second = open_keys(tmp_path), open_keys(tmp_path)
        assert first.private_bytes_raw() == second.private_bytes_raw()

    def test_a_lost_root_key_is_made_from_the_signing_key(self, tmp_path: Path) -> None:
        key = open_keys(tmp_path)
        (tmp_path / "root.pub").unlink()
        open_keys(tmp_path)
        assert load_root_key(tmp_path / "root.pub").public_bytes_raw() == key.public_key().public_bytes_raw()

    def test_a_lost_signing_key_is_not_replaced_behind_the_recorders_back(self, tmp_path: Path) -> None:
        open_keys(tmp_path)
        (tmp_path / "signing.key").unlink()
        with pytest.raises(KeyFileError, match=r"move root\.pub away"):
            open_keys(tmp_path)
        assert not (tmp_path / "signing.key").exists()

    def test_a_signing_key_that_others_can_read_is_refused(self, tmp_path: Path) -> None:
        open_keys(tmp_path)
        (tmp_path / "signing.key").chmod(0o640)
        with pytest.raises(KeyFileError, match="chmod 600"):
            load_signing_key(tmp_path / "signing.key")

    def test_keys_that_do_not_belong_together_are_refused(self, tmp_path: Path) -> None:
        open_keys(tmp_path)
        (tmp_path / "other").mkdir()
        open_keys(tmp_path / "other")
        (tmp_path / "other/root.pub").replace(tmp_path / "root.pub")
        with pytest.raises(KeyFileError, match="does not belong"):
            open_keys(tmp_path)

    @pytest.mark.parametrize(
        "content", [b"", b"rubbish", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"]
    )
    def test_a_root_key_that_is_none_is_refused(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "root.pub").write_bytes(content)
        with pytest.raises(KeyFileError, match="PEM"):
            load_root_key(tmp_path / "root.pub")

    def test_a_key_of_another_algorithm_is_refused(self, tmp_path: Path) -> None:
        public = generate_private_key(SECP256R1()).public_key()
        pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        (tmp_path / "root.pub").write_bytes(pem)
        with pytest.raises(KeyFileError, match="Ed25519"):
            load_root_key(tmp_path / "root.pub")

    def test_a_missing_root_key_says_what_to_do(self, tmp_path: Path) -> None:
        with pytest.raises(KeyFileError, match="issue a licence first"):
            load_root_key(tmp_path / "root.pub")

    def test_a_pipe_in_place_of_a_key_does_not_hang(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "root.pub")
        with pytest.raises(KeyFileError, match="regular file"):
            load_root_key(tmp_path / "root.pub")


class TestNumbers:
    def test_each_licence_of_a_key_has_a_higher_number(self, tmp_path: Path) -> None:
        numbers = [issue(request(), out=tmp_path / name, keys=tmp_path).seq for name in ("a", "b", "a")]
        assert numbers == [1, 2, 3]

    def test_a_lost_counter_does_not_make_an_older_licence(self, tmp_path: Path) -> None:
        for _ in range(3):
            issue(request(), out=tmp_path / "licence.json", keys=tmp_path)
        (tmp_path / "signing.seq").unlink()
        assert issue(request(), out=tmp_path / "licence.json", keys=tmp_path).seq == 4

    def test_a_damaged_counter_is_not_guessed(self, tmp_path: Path) -> None:
        issue(request(), out=tmp_path / "licence.json", keys=tmp_path)
        (tmp_path / "signing.seq").write_text("three")
        with pytest.raises(KeyFileError, match=r"signing\.seq"):
            issue(request(), out=tmp_path / "licence.json", keys=tmp_path)

    def test_two_issuers_at_once_never_give_one_number_twice(self, tmp_path: Path) -> None:
        open_keys(tmp_path)

        def issue_until_done(name: int) -> int:
            while True:
                try:
                    return issue(request(), out=tmp_path / f"{name}.json", keys=tmp_path).seq
                except KeyBusyError:
                    continue

        with ThreadPoolExecutor(4) as pool:
            numbers = list(pool.map(issue_until_done, range(12)))
        assert sorted(numbers) == list(range(1, 13))

    def test_what_a_device_would_refuse_is_not_signed(self, tmp_path: Path) -> None:
        with pytest.raises(EntitlementError, match="device_id"):
            issue(request(device_id="rec 1"), out=tmp_path / "licence.json", keys=tmp_path)
        with pytest.raises(EntitlementError, match="interval"):
            issue(request(until=at(0)), out=tmp_path / "licence.json", keys=tmp_path)
        assert not (tmp_path / "licence.json").exists() and not (tmp_path / "signing.seq").exists()

    def test_a_failed_write_leaves_the_old_licence_whole_and_nothing_beside_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        out = tmp_path / "licence.json"
        issue(request(), out=out, keys=tmp_path)
        before, names = out.read_bytes(), sorted(path.name for path in tmp_path.iterdir())

        def full(_fd: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(SigningError, match="No space left"):
            issue(request(), out=out, keys=tmp_path)
        assert out.read_bytes() == before
        assert sorted(path.name for path in tmp_path.iterdir()) == names


class TestIssueCommand:
    def issue(self, capsys: pytest.CaptureFixture[str], folder: Path, *more: str) -> dict[str, Any]:
        return run(
            capsys, "issue", "--device", "rec-1", "--camera", "cam1", "--out", str(folder / "licence.json"), *more
        )

    def test_a_date_is_the_last_valid_day(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        facts = self.issue(capsys, tmp_path, "--until", "2099-12-31")
        assert facts["cameras"][0]["until"] == "2100-01-01T00:00:00+09:00"
        assert facts["cameras"][0]["last_day"] == "2099-12-31"

    def test_a_date_is_one_of_the_given_time_zone(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.issue(capsys, tmp_path, "--until", "2099-12-31", "--time-zone", "UTC")
        assert read(tmp_path).cameras["cam1"].intervals[0].end == datetime.fromisoformat("2100-01-01T00:00:00Z")

    def test_an_instant_is_exclusive(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        facts = self.issue(capsys, tmp_path, "--until", "2100-01-01T00:00:00+09:00")
        assert facts["cameras"][0]["last_day"] == "2099-12-31"
        assert read(tmp_path).cameras["cam1"].intervals[0].end == datetime.fromisoformat("2099-12-31T15:00:00Z")

    @pytest.mark.parametrize(
        ("text", "length"),
        [
            ("+90d", timedelta(days=90)),
            ("+12h", timedelta(hours=12)),
            ("+5m", timedelta(minutes=5)),
            ("+30s", timedelta(seconds=30)),
        ],
    )
    def test_a_span_counts_from_the_issue(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, length: timedelta
    ) -> None:
        self.issue(capsys, tmp_path, "--until", text)
        entitlement = read(tmp_path)
        start, end = entitlement.cameras["cam1"].intervals[0]
        assert start == entitlement.issued_at and end - start == length

    def test_months_give_a_whole_term(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.issue(capsys, tmp_path, "--months", "12")
        end = read(tmp_path).cameras["cam1"].intervals[0].end
        term = run(capsys, "term", "--allocated", read(tmp_path).issued_at.isoformat(), "--months", "12")
        assert datetime.fromisoformat(term["ends"]) == end

    def test_it_replaces_the_whole_entitlement(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.issue(capsys, tmp_path, "--camera", "cam2", "--until", "+1d")
        facts = self.issue(capsys, tmp_path, "--until", "+1d")
        assert facts["seq"] == 2 and set(read(tmp_path).cameras) == {"cam1"}

    def test_keys_may_lie_elsewhere(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "keys").mkdir()
        self.issue(capsys, tmp_path, "--until", "+1d", "--key", str(tmp_path / "keys"))
        assert (tmp_path / "keys/signing.key").exists() and not (tmp_path / "signing.key").exists()

    async def test_a_site_on_shared_time_is_issued_for_at_its_own_time(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        ahead = timedelta(days=4000)
        (tmp_path / "clock.json").write_text(json.dumps({"offset_ns": ahead // timedelta(microseconds=1) * 1000}))
        async with ClockServer(tmp_path / "clock.sock", tmp_path / "clock.json").serving():
            socket = str(tmp_path / "clock.sock")
            far = await asyncio.to_thread(self.issue, capsys, tmp_path, "--until", "+1d", "--clock", socket)
        near = await asyncio.to_thread(self.issue, capsys, tmp_path, "--until", "+1d")
        apart = datetime.fromisoformat(far["issued_at"]) - datetime.fromisoformat(near["issued_at"])
        assert abs(apart - ahead) < timedelta(minutes=2)

    @pytest.mark.parametrize(
        ("argv", "words"),
        [
            (["--until", "2001-01-01"], "not after now"),
            (["--until", "soon"], "2029-12-31"),
            (["--until", "2099-13-01"], "no date"),
            (["--until", "2099-01-01T00:00:00"], "needs its offset"),
            (["--until", "+1d", "--camera", "cam1"], "twice"),
            (["--until", "+1d", "--camera", "cam/2"], r"cameras[1].id"),
            (["--until", "+1d", "--time-zone", "Asia/Atlantis"], "Asia/Atlantis"),
            (["--until", "+1d", "--months", "12"], "not allowed with"),
            (["--months", "0"], "1 to 120"),
            (["--until", "+1d", "--key", "/nowhere"], "/nowhere"),
            (["--until", "+1d", "--clock", "/nowhere/clock.sock"], "/nowhere/clock.sock"),
            (["--until", "9999-12-31"], "9999"),
            (["--until", "+999999d"], "+999999d"),
            ([], "--until"),
        ],
    )
    def test_a_mistake_gets_one_sentence(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], argv: list[str], words: str
    ) -> None:
        base = ["issue", "--device", "rec-1", "--camera", "cam1", "--out", str(tmp_path / "licence.json")]
        text = complaint(capsys, *base, *argv)
        assert words in text and "Traceback" not in text
        assert not (tmp_path / "licence.json").exists()

    def test_a_missing_folder_gets_one_sentence(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        out = str(tmp_path / "nowhere/licence.json")
        text = complaint(capsys, "issue", "--device", "rec-1", "--camera", "cam1", "--until", "+1d", "--out", out)
        assert "no such folder" in text and text.count("\n") == 1


class TestShowAndTermCommands:
    def test_show_tells_what_a_licence_grants(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        issue(request(cameras=["cam1", "cam2"]), out=tmp_path / "licence.json", keys=tmp_path)
        facts = run(capsys, "show", str(tmp_path / "licence.json"))
        assert [row["id"] for row in facts["cameras"]] == ["cam1", "cam2"]
        assert facts["signature"].startswith("good")
        assert licence(["show", str(tmp_path / "licence.json")]) == 0
        assert "cam2 (edge): 2026-01-01T09:00:00+09:00 to 2026-01-01T09:01:40+09:00" in capsys.readouterr().out

    def test_show_says_so_if_it_could_not_check(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "keys").mkdir()
        issue(request(), out=tmp_path / "licence.json", keys=tmp_path / "keys")
        assert run(capsys, "show", str(tmp_path / "licence.json"))["signature"].startswith("not checked")

    def test_show_refuses_a_changed_file(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        issue(request(), out=tmp_path / "licence.json", keys=tmp_path)
        (tmp_path / "other").mkdir()
        issue(request(), out=tmp_path / "other/licence.json", keys=tmp_path / "other")
        text = complaint(capsys, "show", str(tmp_path / "other/licence.json"), "--root-key", str(tmp_path / "root.pub"))
        assert "UNKNOWN_KEY" in text and text.count("\n") == 1

    def test_show_of_a_missing_file_gets_one_sentence(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert "No such file" in complaint(capsys, "show", str(tmp_path / "licence.json"))

    def test_term_reckons_a_renewal(self, capsys: pytest.CaptureFixture[str]) -> None:
        facts = run(capsys, "term", "--allocated", "2026-03-31", "--months", "12", "--previous-last-day", "2026-05-31")
        assert (facts["term_start"], facts["last_day"], facts["burnt_days"]) == ("2026-05-01", "2027-04-30", 31)
