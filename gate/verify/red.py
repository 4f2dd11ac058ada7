"""An outcome that is not as expected, in words: for who reads the failure of a test. Pure."""

import json
from collections.abc import Iterator

from gate.verify.matrix import TITLES, part_word
from gate.verify.outcome import Outcome


def red_lines(outcome: Outcome) -> Iterator[str]:
    """What was not seen as expected, with its evidence, then why it ended early; nothing if the outcome passes."""
    for cell in outcome.cells:
        if cell.verdict == "pass":
            continue
        yield f"{cell.column}, {cell.row} {TITLES[cell.row]}: expected that it {cell.expected}; {cell.verdict}"
        if cell.reason:
            yield f"    {cell.reason}"
        for part in cell.parts:
            yield f"    {part.name} {part_word(part.works, part.faulty)}: {_told(part.evidence)}"
    for check in outcome.checks:
        if check.verdict != "pass":
            yield f"{check.name}: {check.verdict}: {check.text}"
            yield f"    {_told(check.evidence)}"
    if outcome.trouble:
        yield f"it ended before its last step: {outcome.trouble}"


def _told(evidence: object) -> str:
    return json.dumps(evidence, ensure_ascii=False, default=str)
