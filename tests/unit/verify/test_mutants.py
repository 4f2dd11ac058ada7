"""Mutants do not rot: each changes a text that is there, into Python that is one, and its scene looks at its cells."""

import ast
from collections import Counter

import pytest

from gate.verify.matrix import ROWS
from gate.verify.scenario import Scenario
from tests.mutants.catalogue import MUTANTS
from tests.mutants.mutant import PACKAGES, ROOT, Change, Mutant, reds_of

EACH = pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
CHECKS = (
    "live view",
    "HLS of",
    "JPEG of",
    "RTSP of",
    "download of",
    "recording of",
    "events",
    "term of",
    "licences after",
    "days burnt",
    "no late notices",
)


@EACH
def test_what_a_mutant_replaces_is_in_the_product_once_and_stays_python(mutant: Mutant) -> None:
    texts: dict[str, str] = {}
    for change in mutant.changes:
        assert change.file.split("/")[0] in PACKAGES
        texts[change.file] = change.applied_to(texts.get(change.file) or (ROOT / change.file).read_text())
    for file, text in texts.items():
        ast.parse(text, file)


@EACH
def test_what_must_turn_red_is_looked_at_in_its_scene(mutant: Mutant) -> None:
    Scenario.model_validate(mutant.scene.scenario())
    assert mutant.row in ROWS and mutant.red and mutant.says
    for red in mutant.red:
        assert red in mutant.scene.shows or red.startswith(CHECKS), red


def test_there_are_enough_mutants_of_every_row() -> None:
    names = Counter(mutant.name for mutant in MUTANTS)
    assert len(MUTANTS) >= 20 and set(names.values()) == {1}
    assert {mutant.row for mutant in MUTANTS} == set(ROWS)


def test_a_text_that_is_gone_or_there_twice_is_said() -> None:
    change = Change(file="gate/clock.py", old="await", new="")
    with pytest.raises(ValueError, match=r"gate/clock\.py has this 0 times"):
        change.applied_to("pass")
    with pytest.raises(ValueError, match="2 times"):
        change.applied_to("await await")


def test_what_was_not_run_is_not_red() -> None:
    cells = [{"column": "after X", "row": row, "verdict": verdict} for row, verdict in (("M1", "fail"), ("M2", "pass"))]
    checks = [{"name": "events", "verdict": "not run"}, {"name": "recording of cam1", "verdict": "fail"}]
    failed, missed = reds_of({"scenarios": [{"cells": cells, "checks": checks}]})
    assert (failed, missed) == ({"after X/M1", "recording of cam1"}, {"events"})
