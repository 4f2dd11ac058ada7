"""The units, judged by systemd's own tools where they are, and the refusals of the command."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gate.shipped_configs import write_configs
from recorder.systemd.commands import systemd
from recorder.systemd.places import make_folders, plan_unit
from recorder.systemd.systemctl import Systemctl
from recorder.systemd.units import NAMES, Part, UnitPlan, folders_of, unit_text

SYSTEMD = shutil.which("systemd-analyze")
PARTS: dict[Part, str] = {"recorder": "recorder.yaml", "hdmi": "hdmi.yaml", "service": "service.yaml"}


def plan(part: Part = "recorder", *, user: str | None = "root", folder: str = "/srv/site") -> UnitPlan:
    return UnitPlan(
        part=part,
        command=("/bin/true",),
        config=Path(folder) / "recorder.yaml",
        folders=(Path(folder),),
        devices=("char-drm",) if part == "hdmi" else (),
        groups=("video",) if part == "hdmi" else (),
        user=user,
    )


def values(text: str, field: str) -> list[str]:
    return re.findall(rf"^{field}=(.*)$", text, flags=re.MULTILINE)


@pytest.mark.skipif(SYSTEMD is None, reason="systemd-analyze is not installed")
def test_systemd_finds_nothing_wrong_and_little_exposed(tmp_path: Path) -> None:
    files = []
    for part in PARTS:
        files.append(tmp_path / NAMES[part])
        files[-1].write_text(unit_text(plan(part, user="daemon")))
    verified = subprocess.run([str(SYSTEMD), "verify", "--man=no", *files], capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")
    for file in files:
        judged = subprocess.run(
            [str(SYSTEMD), "security", "--offline=yes", "--threshold=25", file],
            capture_output=True,
            text=True,
            check=False,
        )
        assert judged.returncode == 0, judged.stdout[-200:]


@pytest.mark.parametrize("part", PARTS)
def test_a_unit_is_watched_started_again_within_bounds_and_kept_to_its_folders(part: Part) -> None:
    text = unit_text(plan(part))
    assert values(text, "Type") == ["notify"] and values(text, "WatchdogSec") == ["60"]
    assert values(text, "Restart") == ["on-failure"] and values(text, "StartLimitBurst") == ["10"]
    assert values(text, "RestartForceExitStatus") == ["75"], "a recorder that is asked to restart ends with it"
    assert values(text, "ProtectSystem") == ["strict"] and values(text, "NoNewPrivileges") == ["yes"]
    assert values(text, "ReadWritePaths") == ["/srv/site"]
    assert bool(values(text, "PrivateDevices")) is (part != "hdmi")
    assert bool(values(text, "DeviceAllow")) is (part == "hdmi")


def test_ones_own_unit_asks_for_nothing_that_only_the_machines_systemd_can_do() -> None:
    text = unit_text(plan(user=None))
    assert not values(text, "ProtectSystem") and not values(text, "User")
    assert values(text, "WantedBy") == ["default.target"]


def test_signs_in_names_mean_nothing_to_systemd() -> None:
    text = unit_text(plan(folder='/srv/a b%h $HOME"'))
    assert values(text, "ReadWritePaths") == [r'"/srv/a b%%h $HOME\""']
    assert values(text, "ExecStart") == [r'/bin/true run "/srv/a b%%h $$HOME\"/recorder.yaml"']


def test_a_folder_below_run_is_made_again_at_each_start_of_the_machine() -> None:
    text = unit_text(plan(folder="/run/edge/site"))
    assert values(text, "RuntimeDirectory") == ["edge/site"] and values(text, "RuntimeDirectoryMode") == ["0700"]
    assert values(text, "RuntimeDirectoryPreserve") == ["yes"], "the monitor's unit names the recorder's folder, too"
    assert not values(unit_text(plan()), "RuntimeDirectory")


def test_a_folder_in_another_one_is_not_named_twice() -> None:
    folders = [Path("/a/b"), Path("/a"), Path("/ab"), Path("/a/b/c")]
    assert folders_of(folders) == (Path("/a"), Path("/ab"))


@pytest.fixture
def site(tmp_path: Path) -> Path:
    write_configs(tmp_path / "configs")
    return tmp_path / "configs"


@pytest.mark.parametrize(("part", "file"), PARTS.items())
def test_the_folders_are_those_of_the_configuration(site: Path, part: Part, file: str) -> None:
    made = plan_unit(part, site / file, own=True, run_as=None)
    root = site.parent
    wanted: dict[Part, set[Path]] = {
        "recorder": {root / "configs", root / "data" / "rec-1", root / "run"},
        "hdmi": {root / "run"},
        "service": {root / "data" / "service", root / "data" / "issuer", root / "run"},
    }
    assert set(made.folders) == wanted[part]
    make_folders(made)
    assert all(folder.is_dir() for folder in made.folders)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_link_that_comes_meanwhile_gives_nobody_a_file_of_roots(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    precious, folder = tmp_path / "shadow", tmp_path / "site"
    precious.touch()
    monkeypatch.setattr(Path, "mkdir", lambda self, **_: self.symlink_to(precious))
    make_folders(plan(user="daemon", folder=str(folder)))
    assert precious.stat().st_uid == 0


def test_print_shows_the_units_and_changes_nothing(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["install", "--user", "--print", "--recorder", str(site / "recorder.yaml")]
    assert systemd(words) == 0
    assert "[Service]\nType=notify" in capsys.readouterr().out
    assert not (site.parent / "data").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["install", "--print"], "--recorder CONFIG"),
        (["install", "--print", "--recorder", "{site}/none.yaml"], "there is no such file"),
        (["install", "--print", "--recorder", "{site}/recorder.yaml", "--run-as", "nobody-here"], "useradd"),
        (["install", "--print", "--recorder", "{site}/recorder.yaml", "--run-as", "root"], "a /tmp of its own"),
    ],
)
def test_what_cannot_be_a_unit_is_one_sentence_with_what_to_do(
    site: Path, words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    site = Path("/tmp") / site.relative_to(Path("/tmp")) if site.is_relative_to("/tmp") else site
    if sentence == "a /tmp of its own" and not site.is_relative_to("/tmp"):
        pytest.skip("tests have their folder elsewhere")
    assert systemd([word.format(site=site) for word in words]) == 2
    assert sentence in capsys.readouterr().err


def test_without_systemd_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert systemd(["status"]) == 2
    assert "systemd does not run this machine" in capsys.readouterr().err


def test_a_unit_of_somebody_elses_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "systemctl").write_text("#!/bin/sh\nexit 0\n")
    (tools / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    systemctl = Systemctl(own=True, environ={"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)})
    foreign = systemctl.folder / NAMES["hdmi"]
    foreign.parent.mkdir(parents=True)
    foreign.write_text("[Service]\n")
    with pytest.raises(Exception, match="not of ours"):
        systemctl.write("hdmi", unit_text(plan("hdmi", user=None)))
    assert systemctl.installed() == []
    systemctl.write("recorder", unit_text(plan(user=None)))
    assert systemctl.installed() == ["recorder"]
    systemctl.remove("recorder")
    assert systemctl.installed() == [] and foreign.read_text() == "[Service]\n"
