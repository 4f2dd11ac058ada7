"""A mutant as data: which text of the product is replaced, how the site is driven, and what must turn red. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("gate", "recorder", "camera_sim", "hdmi_out")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """In a file of the product, a text that occurs there exactly once, and what takes its place."""

    file: str
    old: str
    new: str

    def applied_to(self, text: str) -> str:
        """Raises ValueError where the text is not there exactly once: the mutant has rotted."""
        if (times := text.count(self.old)) != 1:
            raise ValueError(f"{self.file} has this {times} times, not once: {self.old!r}")
        return text.replace(self.old, self.new)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The shortest scenario that can show something (gate.verify.scenario). `given`: beside its defaults."""

    name: str
    steps: Sequence[Mapping[str, Any]]
    given: Mapping[str, Any] = field(default_factory=dict)

    def scenario(self) -> dict[str, Any]:
        """As YAML has it. Limits are the shipped ones: a mutant must not live on a generous clock."""
        return {"name": self.name, "given": {"cameras": 1, **self.given}, "steps": [dict(step) for step in self.steps]}

    @property
    def shows(self) -> set[str]:
        """The cells it looks at, as `Mutant.red` names them."""
        asserted = [step["assert"] for step in self.steps if "assert" in step]
        return {f"{one['column']}/{row}" for one in asserted for row in one["rows"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """`says`: what is disabled. `row`: whose function. `red`: what must fail, cells as `after X/M2`, checks by name."""

    name: str
    row: str
    says: str
    changes: Sequence[Change]
    scene: Scene
    red: Sequence[str]


def reds_of(report: Mapping[str, Any]) -> tuple[set[str], set[str]]:
    """What failed in a report of the verifier, and what was not run, as `Mutant.red` names them."""
    failed: set[str] = set()
    missed: set[str] = set()
    for scenario in report["scenarios"]:
        named = [(f"{cell['column']}/{cell['row']}", cell["verdict"]) for cell in scenario["cells"]]
        named += [(check["name"], check["verdict"]) for check in scenario["checks"]]
        failed |= {name for name, verdict in named if verdict == "fail"}
        missed |= {name for name, verdict in named if verdict == "not run"}
    return failed, missed
