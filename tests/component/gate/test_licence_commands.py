"""`licence verify`, `install`, `rotate`, and `explain` without a running recorder."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from gate.client.commands import explain
from gate.clock import SystemClock
from gate.commands import licence
from gate.licence.entitlement import parse_payload
from gate.signing.envelope import read_unverified
from gate.signing.identity import open_identity
from gate.signing.two_slots import TwoSlots


class Site:
    """A recorder's folder that was never started, and its issuer's."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.capsys = capsys
        self.issuer = folder / "issuer"
        self.issuer.mkdir()
        self.config = folder / "recorder.yaml"
        self.installed = folder / "licence.json"
        content = {
            "device": {"id": "rec-1", "data_dir": "data"},
            "licence": {"path": "licence.json", "root_key": "issuer/root.pub"},
            "local": {"socket": "r.sock"},
            "cameras": [{"id": "cam1"}, {"id": "cam2"}],
        }
        self.config.write_text(yaml.safe_dump(content))

    def run(self, *argv: str, status: int = 0) -> dict[str, Any]:
        assert licence([*argv, "--json"]) == status
        facts: dict[str, Any] = json.loads(self.capsys.readouterr().out)
        return facts

    def issue(self, name: str = "new.json", *more: str, until: str = "+90d", device: str = "rec-1") -> Path:
        out = self.folder / name
        words = ["issue", "--device", device, "--camera", "cam1", "--until", until, "--out", str(out)]
        self.run(*words, "--key", str(self.issuer), *more)
        return out

    def verify(self, path: Path, *more: str, status: int = 0) -> dict[str, str]:
        facts = self.run("verify", str(path), "--root-key", str(self.issuer / "root.pub"), *more, status=status)
        assert facts["accepted"] == (status == 0)
        return {row["check"]: row["code"] or row["outcome"] for row in facts["checks"]}

    def install(self, path: Path, status: int = 0) -> dict[str, Any]:
        return self.run("install", str(path), "--config", str(self.config), status=status)

    def explain(self, *argv: str, status: int = 0) -> dict[str, Any]:
        assert explain([*argv, "--config", str(self.config), "--json"]) == status
        facts: dict[str, Any] = json.loads(self.capsys.readouterr().out)
        return facts


@pytest.fixture
def site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Site:
    return Site(tmp_path, capsys)


GOOD = dict.fromkeys(["whole", "key sets", "signature", "content", "device", "number", "time"], "good")


class TestVerify:
    def test_every_check_of_a_good_licence(self, site: Site) -> None:
        assert site.verify(site.issue()) == GOOD

    def test_a_changed_one_fails_its_check_and_reaches_no_other(self, site: Site) -> None:
        path = site.issue()
        other = json.loads(site.issue("other.json", until="+900d").read_bytes())
        path.write_text(json.dumps(json.loads(path.read_bytes()) | {"payload": other["payload"]}))
        checks = site.verify(path, status=1)
        assert checks["signature"] == "BAD_SIGNATURE" and checks["whole"] == "good"
        assert [checks[name] for name in ("content", "device", "number", "time")] == ["not_reached"] * 4

    def test_another_device(self, site: Site) -> None:
        assert site.verify(site.issue(), "--device", "rec-2", status=1)["device"] == "FOREIGN"

    def test_another_devices_key(self, site: Site) -> None:
        for name in ("own", "other"):
            (site.folder / name).mkdir()
            open_identity(site.folder / name)
        path = site.issue("new.json", "--device-key", str(site.folder / "own/device.pub"))
        assert site.verify(path, "--device-key", str(site.folder / "own/device.pub")) == GOOD
        key = str(site.folder / "other/device.pub")
        assert site.verify(path, "--device-key", key, status=1)["device"] == "CLONED"

    def test_an_older_one_than_the_one_it_is_to_replace(self, site: Site) -> None:
        older, newer = site.issue("older.json"), site.issue("newer.json")
        assert site.verify(newer, "--after", str(older)) == GOOD
        assert site.verify(older, "--after", str(newer), status=1)["number"] == "REPLAYED"

    def test_rubbish(self, site: Site) -> None:
        site.issue()
        (site.folder / "rubbish.json").write_text("rubbish")
        assert site.verify(site.folder / "rubbish.json", status=1)["whole"] == "MALFORMED"

    def test_for_people_a_line_each(self, site: Site) -> None:
        path = site.issue()
        assert licence(["verify", str(path), "--root-key", str(site.issuer / "root.pub"), "--device", "rec-9"]) == 1
        lines = site.capsys.readouterr().out.splitlines()
        assert len(lines) == 7 and "BAD: it was issued for the device rec-1" in lines[4]

    def test_a_missing_file_is_a_mistake(self, site: Site) -> None:
        assert licence(["verify", str(site.folder / "no.json")]) == 2
        assert site.capsys.readouterr().err.count("\n") == 1


class TestInstall:
    def test_it_says_what_changes(self, site: Site) -> None:
        first = site.install(site.issue())
        assert first["installed"] == str(site.installed)
        (change,) = first["changes"]
        assert change.startswith("cam1: no licence →")
        second = site.install(site.issue("two.json", "--camera", "cam2", until="+91d"))
        assert [change.split(":")[0] for change in second["changes"]] == ["cam1", "cam2"]
        assert site.install(site.folder / "two.json")["changes"] == []

    @pytest.mark.parametrize("kind", ["foreign", "older", "rubbish"])
    def test_what_is_refused_changes_nothing(self, site: Site, kind: str) -> None:
        older = site.issue("older.json")
        site.install(site.issue("good.json"))
        before = site.installed.read_bytes()
        bad = {"foreign": lambda: site.issue("bad.json", device="rec-2"), "older": lambda: older}.get(kind)
        path = bad() if bad else site.folder / "rubbish.json"
        if bad is None:
            path.write_text("{}")
        facts = site.install(path, status=1)
        assert facts["installed"] is None and site.installed.read_bytes() == before

    def test_one_older_than_the_recorders_memory_is_refused_although_the_file_is_gone(self, site: Site) -> None:
        older, newer = site.issue("older.json"), site.issue("newer.json")
        TwoSlots(site.folder / "data/licence", "entitlement").store(newer.read_bytes())
        assert site.install(older, status=1)["installed"] is None


class TestRotate:
    def test_the_next_licence_is_signed_by_the_new_key_and_brings_its_key_sets(self, site: Site) -> None:
        site.install(site.issue())
        rotated = site.run("rotate", "--key", str(site.issuer))
        assert rotated["key_set"] == 1 and (site.issuer / "signing-1.key").stat().st_mode & 0o777 == 0o600
        path = site.issue("two.json")
        assert parse_payload(read_unverified(path.read_bytes())).kid == rotated["trusted"]
        assert parse_payload(read_unverified(path.read_bytes())).seq == 2, "numbers go on"
        assert site.verify(path) == GOOD
        site.install(path)
        assert "key set 1" in site.run("show", str(path), "--root-key", str(site.issuer / "root.pub"))["signature"]

    def test_after_a_rotation_the_roots_key_is_not_needed_to_issue(self, site: Site) -> None:
        site.issue()
        site.run("rotate", "--key", str(site.issuer))
        (site.issuer / "signing.key").rename(site.folder / "in-the-safe.key")
        assert site.verify(site.issue("two.json")) == GOOD
        assert licence(["rotate", "--key", str(site.issuer)]) == 2

    def test_a_retired_key_is_refused_where_the_rotation_is_known(self, site: Site) -> None:
        site.issue()
        site.run("rotate", "--key", str(site.issuer))
        stolen = json.loads(site.issue("two.json").read_bytes())
        site.run("rotate", "--key", str(site.issuer))
        site.install(site.issue("three.json"))
        (site.folder / "stolen.json").write_text(json.dumps(stolen))
        checks = site.install(site.folder / "stolen.json", status=1)["checks"]
        assert {row["check"]: row["code"] for row in checks}["signature"] == "UNKNOWN_KEY"

    def test_the_key_so_far_may_be_kept(self, site: Site) -> None:
        site.issue()
        first = site.run("rotate", "--key", str(site.issuer))["trusted"]
        second = site.run("rotate", "--key", str(site.issuer), "--keep-previous")
        assert second["key_set"] == 2 and second["trusted"].split()[1] == first

    def test_a_rotation_that_was_cut_short_is_finished_by_the_next(self, site: Site) -> None:
        site.issue()
        site.run("rotate", "--key", str(site.issuer))
        key = (site.issuer / "signing-1.key").read_bytes()
        (site.issuer / "keys.json").unlink()
        site.run("rotate", "--key", str(site.issuer))
        assert (site.issuer / "signing-1.key").read_bytes() == key
        assert site.verify(site.issue("two.json")) == GOOD

    def test_key_sets_with_a_gap_are_refused(self, site: Site) -> None:
        site.issue()
        for _ in range(2):
            site.run("rotate", "--key", str(site.issuer))
        path = site.issuer / "keys.json"
        path.write_text(json.dumps(json.loads(path.read_text())[1:]))
        assert licence(["rotate", "--key", str(site.issuer)]) == 2
        assert "without a gap" in site.capsys.readouterr().err


class TestExplain:
    def test_from_files_while_no_recorder_runs(self, site: Site) -> None:
        site.install(site.issue())
        told = site.explain("cam1", "recording")
        assert told["asked"] == "files" and told["decision"]["granted"] is True
        assert site.explain("cam2", "M3")["decision"]["code"] == "NOT_LICENSED"
        assert site.explain("-", "M9")["decision"]["granted"] is True

    def test_at_another_moment_and_against_another_profile(self, site: Site) -> None:
        site.install(site.issue())
        later = (SystemClock().now() + timedelta(days=100)).isoformat()
        told = site.explain("cam1", "recording", "--at", later, "--diff", "recording_survives")
        assert told["decision"]["code"] == "EXPIRED"
        (difference,) = told["differences"]
        assert difference["first"]["granted"] is False and difference["second"]["granted"] is True
        assert difference["to"] is None
        assert site.explain("cam1", "hdmi_live", "--diff", "remo")["differences"] == []

    def test_a_recorder_with_a_profile_of_its_own_needs_licences_made_for_it(self, site: Site) -> None:
        profile = {"name": "kind", "continues": ["hdmi_live"], "grace": "10d"}
        (site.folder / "kind.yaml").write_text(yaml.safe_dump(profile))
        content = yaml.safe_load(site.config.read_text())
        content["licence"]["profile"] = "kind.yaml"
        site.config.write_text(yaml.safe_dump(content))
        site.install(site.issue())
        assert site.explain("cam1", "recording")["decision"]["code"] == "NOT_LICENSED"
        site.install(site.issue("two.json", "--profile", str(site.folder / "kind.yaml")))
        told = site.explain("cam1", "recording", "--diff", "remo")
        assert told["decision"]["granted"] is True
        (difference,) = told["differences"]
        length = datetime.fromisoformat(difference["to"]) - datetime.fromisoformat(difference["from"])
        assert length == timedelta(days=10)

    def test_a_refused_file_is_named_beside_what_counts(self, site: Site) -> None:
        site.install(site.issue())
        TwoSlots(site.folder / "data/licence", "entitlement").store(site.installed.read_bytes())
        site.installed.write_bytes(b"")
        told = site.explain("cam1", "recording")
        assert told["decision"]["granted"] is True and told["refused"]["code"] == "EMPTY"

    def test_for_people_it_prints_the_chain_and_the_dates(self, site: Site) -> None:
        site.install(site.issue())
        assert explain(["cam1", "remote_live", "--config", str(site.config), "--diff", "grace_30d"]) == 0
        out = site.capsys.readouterr().out
        assert "GRANTED" in out and out.count("✓") == 6
        assert "remo denies (EXPIRED), grace_30d grants" in out

    @pytest.mark.parametrize(
        ("argv", "words"),
        [
            (["cam9", "recording"], "there are cam1, cam2"),
            (["cam1", "M2"], "remote_live, remote_control, remote_download"),
            (["cam1", "everything"], "recording"),
            (["cam1", "recording", "--at", "soon"], "2027-01-01"),
            (["cam1", "recording", "--at", "2027-01-01T00:00:00"], "+09:00"),
            (["cam1", "recording", "--diff", "nobody"], "grace_30d"),
        ],
    )
    def test_a_mistake_gets_one_sentence(self, site: Site, argv: list[str], words: str) -> None:
        site.issue()
        try:
            assert explain([*argv, "--config", str(site.config)]) == 2
        except SystemExit as ended:
            assert ended.code == 2
        captured = site.capsys.readouterr()
        assert words in captured.err and captured.out == "" and "Traceback" not in captured.err

    def test_a_recorder_without_keys_says_what_to_do(self, site: Site) -> None:
        assert explain(["cam1", "recording", "--config", str(site.config)]) == 2
        assert "issue a licence first" in site.capsys.readouterr().err
