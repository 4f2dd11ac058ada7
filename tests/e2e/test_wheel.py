"""The wheel, installed where the project's folder is not to be seen: all is in it, and it runs in an empty folder."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.demo_site import free_port_base

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("gate", "recorder", "camera_sim", "hdmi_out")
ALIVE = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
"""The environment of an installed program: nothing of it leads to the project's folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    wheel: Path
    python: Path
    command: Path


def run(*words: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        [str(word) for word in words], cwd=cwd, env=ALIVE, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """A wheel made of a copy of the project, in an environment that has its dependencies and nothing else."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in (*PACKAGES, "configs"):
        shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "THIRD_PARTY.md"):
        shutil.copy(ROOT / name, source)
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    run(*pip, "wheel", "--no-build-isolation", "--no-deps", "--wheel-dir", folder, source, cwd=folder)
    (wheel,) = folder.glob("*.whl")
    shutil.rmtree(source)
    run(sys.executable, "-m", "venv", "--without-pip", folder / "venv", cwd=folder)
    python = folder / "venv" / "bin" / "python"
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip())
    # A line of a .pth file adds a folder without reading the .pth files in it, and so not the project's own.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    run(*pip, "--python", python, "install", "--no-deps", "--no-index", wheel, cwd=folder)
    yield Installed(wheel=wheel, python=python, command=python.with_name("edge-recorder"))
    shutil.rmtree(folder)


def test_every_file_of_the_packages_and_every_configuration_is_in_the_wheel(installed: Installed) -> None:
    with zipfile.ZipFile(installed.wheel) as packed:
        names = set(packed.namelist())
    of_people = {"README.md"}
    wanted = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.name not in of_people and "__pycache__" not in path.parts
    }
    wanted |= {f"gate/{path.relative_to(ROOT)}" for path in (ROOT / "configs").rglob("*.yaml")}
    assert not wanted - names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_what_is_installed_is_the_wheel_and_not_the_project(installed: Installed, tmp_path: Path) -> None:
    where = run(installed.python, "-c", "import gate, recorder; print(gate.__file__, recorder.__file__)", cwd=tmp_path)
    assert str(ROOT) not in where


def test_version_is_the_wheels_and_commands_have_help(installed: Installed, tmp_path: Path) -> None:
    version = installed.wheel.name.split("-")[1]
    assert run(installed.command, "--version", cwd=tmp_path).strip() == f"edge-recorder {version}"
    assert "examples:" in run(installed.command, "verify", "--help", cwd=tmp_path)


def test_configurations_are_written_to_be_edited_and_never_over_ones_own(installed: Installed, tmp_path: Path) -> None:
    listed = json.loads(run(installed.command, "configs", "--json", cwd=tmp_path))
    assert str(ROOT) not in listed["folder"]
    run(installed.command, "configs", "--write", "mine", cwd=tmp_path)
    own = tmp_path / "mine" / "recorder.yaml"
    assert own.read_text() == (ROOT / "configs" / "recorder.yaml").read_text()
    own.write_text("mine")
    again = subprocess.run(
        [installed.command, "configs", "--write", "mine"],
        cwd=tmp_path,
        env=ALIVE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert again.returncode == 2 and "name another folder" in again.stderr
    assert own.read_text() == "mine"


@pytest.mark.timeout(300)
async def test_a_demo_runs_in_an_empty_folder_and_keeps_to_it(installed: Installed, tmp_path: Path) -> None:
    words = ("demo", "--duration", "5", "--json", "--port-base", str(free_port_base()))
    process = await asyncio.create_subprocess_exec(
        installed.command,
        *words,
        cwd=tmp_path,
        env=ALIVE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    up = json.loads(out)
    assert up["site"]["cameras"] == ["cam1", "cam2", "cam3", "cam4"]
    assert Path(up["site"]["data_dir"]).is_relative_to(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"configs", "data", "run"}
    assert list((tmp_path / "data" / "rec-1").rglob("*.mp4")), "nothing was recorded"
