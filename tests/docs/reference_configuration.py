"""docs/reference/configuration.md and scenarios.md: every key of every file, from its model; the commented files."""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from camera_sim.config import FleetConfig
from gate.profile_file import _ProfileSection
from gate.rules_file import _RulesSection
from gate.service.config import ServiceConfig
from gate.show.config import ShowConfig
from gate.verify.attach_file import SiteFile
from gate.verify.foreign.driver_file import Driver
from gate.verify.scenario import Scenario
from hdmi_out.config import HdmiConfig
from recorder.config import RecorderConfig
from recorder.supervisor.site import DemoConfig
from tests.docs.keys import Key, comments_of, keys_of

ROOT = Path(__file__).resolve().parents[2]
WORDS: dict[str, dict[str, str]] = yaml.safe_load((ROOT / "tests/docs/key_words.yaml").read_text())
DEFAULTS_IN_FILE = {"rules.yaml"}
"""Files whose every line shows its default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A kind of configuration. `moved`: keys that people write elsewhere than the model has them."""

    name: str
    shown: str
    model: type[BaseModel]
    words: str
    moved: Mapping[str, str] = field(default_factory=dict)


FILES = (
    File(
        name="recorder.yaml",
        shown="configs/recorder.yaml",
        model=RecorderConfig,
        words="A recorder: `edge-recorder run FILE`. A direct camera is one, too (`configs/direct.yaml`).",
        moved={"cameras[].record_streams": "cameras[].record.streams"},
    ),
    File(
        name="hdmi.yaml",
        shown="configs/hdmi.yaml",
        model=HdmiConfig,
        words="The HDMI monitor: `edge-recorder hdmi FILE`.",
    ),
    File(
        name="service.yaml",
        shown="configs/service.yaml",
        model=ServiceConfig,
        words="The licence service with its portal: `edge-recorder service run FILE`.",
    ),
    File(
        name="rules.yaml",
        shown="configs/rules.yaml",
        model=_RulesSection,
        words="The licence rules of a service; `rules:` in its configuration names the file.",
    ),
    File(
        name="profiles/remo.yaml",
        shown="configs/profiles/remo.yaml",
        model=_ProfileSection,
        words="A profile: what a lapse stops. `licence.profile` of a recorder names it; its hash is signed into "
        "licences.",
    ),
    File(
        name="fleet.yaml",
        shown="configs/fleet.yaml",
        model=FleetConfig,
        words="Simulated cameras: `edge-recorder cameras FILE`.",
    ),
    File(name="demo.yaml", shown="configs/demo.yaml", model=DemoConfig, words="What `edge-recorder demo FILE` starts."),
    File(
        name="show.yaml",
        shown="configs/show.yaml",
        model=ShowConfig,
        words="The show board: `edge-recorder show FILE`; a demo starts it.",
    ),
    File(
        name="attach.yaml",
        shown="configs/attach.yaml",
        model=SiteFile,
        words="A site that runs already, for the verifier: `edge-recorder verify --attach FILE`.",
    ),
    File(
        name="driver.yaml",
        shown="configs/drivers/plain_rtsp_hls.yaml",
        model=Driver,
        words="Another maker's recorder, for the verifier: `edge-recorder verify --driver FILE`.",
    ),
)
SCENARIO = File(
    name="scenario.yaml",
    shown="configs/scenarios/lapse_and_restore.yaml",
    model=Scenario,
    words="A scenario of the verifier: `edge-recorder verify FILE`.",
)


def configuration_page() -> str:
    """Every file."""
    lines = [
        "# Configuration",
        "",
        "Every key of every file. Paths are relative to the file they stand in. A key that is not known, or "
        "a value that "
        "does not fit, is refused with file, line and field; nothing is guessed. `[]` stands for each entry of a list.",
        "",
        *(f"- [{file.shown.removeprefix('configs/')}](#{_anchor(file)}): {file.words}" for file in FILES),
    ]
    for file in FILES:
        lines += ["", *_section(file, "##")]
    return "\n".join(lines) + "\n"


def scenarios_page() -> str:
    """The verifier's scenarios."""
    lines = [
        "# Scenarios of the verifier",
        "",
        "A scenario is a YAML file: a site that is given, then steps in order. `edge-recorder verify` without a file "
        "carries out every one in `configs/scenarios/`:",
        "",
    ]
    for path in sorted((ROOT / "configs/scenarios").glob("*.yaml")):
        lines.append(f"- `{path.relative_to(ROOT)}`: {_first_sentence(path.read_text())}")
    lines += ["", *_section(SCENARIO, "##")]
    return "\n".join(lines) + "\n"


def words_of(file: File, key: Key) -> str:
    """What a key means: by `key_words.yaml`, else by the comment on its line; empty where nobody says."""
    own, every = WORDS.get(file.name, {}), WORDS["*"]
    comments = comments_of((ROOT / file.shown).read_text())
    last, section = key.path.rpartition(".")[2], ".".join(key.path.split(".")[-2:])
    for found in (
        own.get(key.path),
        comments.get(key.path),
        *(words.get(f"*.{end}") for words in (own, every) for end in (section, last)),
    ):
        if found:
            return re.sub(r"^\(\d+\) ", "", found)
    return ""


def _section(file: File, level: str) -> Iterator[str]:
    yield f"{level} {file.shown.removeprefix('configs/')}"
    yield ""
    yield file.words
    yield ""
    yield "| key | what it is | values | default |"
    yield "|---|---|---|---|"
    given = yaml.safe_load((ROOT / file.shown).read_text()) if file.name in DEFAULTS_IN_FILE else {}
    for key in keys_of(file.model, file.moved):
        default = "required" if key.required else _shown(key.default or _at(given, key.path))
        cells = (f"`{key.path}`", _cell(words_of(file, key)), _cell(key.form), _cell(default))
        yield f"| {' | '.join(cells)} |"
    yield ""
    yield f"The file itself, `{file.shown}`:"
    yield ""
    yield f'```yaml title="{file.name}"'
    yield from (ROOT / file.shown).read_text().rstrip().splitlines()
    yield "```"


def _first_sentence(text: str) -> str:
    comment = itertools.takewhile(lambda line: line.startswith("#"), text.splitlines())
    whole = " ".join(line.removeprefix("#").strip() for line in comment if "edge-recorder verify" not in line)
    return re.split(r"(?<=\.) ", whole)[0]


def _at(content: Any, path: str) -> str:
    for name in path.split("."):
        content = content.get(name) if isinstance(content, dict) else None
    return "" if content is None or isinstance(content, (dict, list)) else str(content)


def _shown(default: str) -> str:
    return f"`{'0d' if default == 'PT0S' else default}`" if default else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _anchor(file: File) -> str:
    return re.sub(r"[^\w-]", "", file.shown.removeprefix("configs/").lower())
