"""What the doctor says: one finding, how bad it is, and what all of them amount to. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from gate.licence.text import NO_TEXT, Language, Text

Level = Literal["ok", "hint", "warning", "failure"]
LEVELS: tuple[Level, ...] = ("ok", "hint", "warning", "failure")
"""From well to bad."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`check`: a stable name; `about`: which camera, disk or address, empty where there is one only. `text`: one
    sentence, what is so; `remedy`: one sentence, what to do, empty where nothing is to be done."""

    check: str
    level: Level
    text: Text
    remedy: Text = NO_TEXT
    about: str = ""


def ok(check: str, *, ja: str, en: str, about: str = "") -> Finding:
    """All is well."""
    return Finding(check=check, level="ok", text=Text(ja=ja, en=en), about=about)


def found(level: Level, check: str, text: tuple[str, str], remedy: tuple[str, str], about: str = "") -> Finding:
    """Something to be said: `text` and `remedy` in Japanese and English."""
    return Finding(
        check=check,
        level=level,
        text=Text(ja=text[0], en=text[1]),
        remedy=Text(ja=remedy[0], en=remedy[1]),
        about=about,
    )


def counts_of(findings: Iterable[Finding]) -> dict[Level, int]:
    """How many of each level."""
    counts = dict.fromkeys(LEVELS, 0)
    for finding in findings:
        counts[finding.level] += 1
    return counts


def exit_status(findings: Iterable[Finding]) -> int:
    """1 if anything failed, else 0."""
    return int(any(finding.level == "failure" for finding in findings))


def as_json(findings: Iterable[Finding], language: Language) -> list[dict[str, Any]]:
    """For programs; the sentences in one language."""
    return [
        {
            "check": finding.check,
            "level": finding.level,
            "about": finding.about,
            "text": finding.text.in_language(language),
            "remedy": finding.remedy.in_language(language),
        }
        for finding in findings
    ]
