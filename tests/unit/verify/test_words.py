"""Every text of the verifier has its Japanese, wherever in its modules it is written."""

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

import gate.verify
from gate.verify.matrix import TITLES
from gate.verify.page import LOOKED_AT, STEPS
from gate.verify.scenario import load_scenario
from gate.verify.timeline import HEADS, MOMENTS
from gate.verify.words import in_language, japanese, language_of_locale, text_of

SCENARIOS = Path(__file__).resolve().parents[3] / "configs" / "scenarios"
FOLDER = Path(gate.verify.__file__).parent
KANA_OR_KANJI = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
SAID_BY = re.compile(r"\w*Error|say|_say|step|text_of|both|t|_t")
SAID_AS = {"name", "text", "reason"}
OF = {"Check", "Part", "Cell", "Watched", "video"}
NO_WORDS = re.compile(r"[\W\d_]*")


def texts() -> Iterator[tuple[str, str]]:
    """Each text that is said to people, and where; a place for a value is `7`."""
    for path in sorted(FOLDER.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if called == "step" and "witness" not in ast.unparse(node.func):
                    continue  # a command of the clock
                said = node.args[:1] if SAID_BY.fullmatch(called) and called not in NOT_SAID else []
                said = [*said, *(word.value for word in node.keywords if called in OF and word.arg in SAID_AS)]
                for one in said:
                    yield from ((text, f"{path.name}:{node.lineno}") for text in _samples(one))
            elif isinstance(node, (ast.Assign, ast.AugAssign)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if any(getattr(target, "id", "") in SAID_AS for target in targets):
                    yield from ((text, f"{path.name}:{node.lineno}") for text in _samples(node.value))
    template = (FOLDER / "templates" / "report.html.j2").read_text()
    for found in re.finditer(r'\bt\("((?:[^"\\]|\\.)*)"', template):
        yield found[1], "report.html.j2"
    for path in sorted(SCENARIOS.glob("*.yaml")):
        scenario = load_scenario(path)
        for text in (scenario.name, *(step.check.column for step in scenario.steps if step.check is not None)):
            yield text, path.name
    for text in (
        *TITLES.values(),
        *LOOKED_AT.values(),
        *STEPS.values(),
        *(text for _, _, text in MOMENTS.values()),
        *HEADS.values(),
    ):
        yield text, "a table of texts"


NOT_SAID = {"ValueError", "PlacedError", "ArgumentTypeError"}
"""What is wrong with a file is said in English, with its line, like all of configuration."""


def _samples(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in node.values)
    elif isinstance(node, ast.IfExp):
        yield from (*_samples(node.body), *_samples(node.orelse))
    elif isinstance(node, ast.Tuple):
        for one in node.elts:
            yield from _samples(one)


def test_every_text_has_its_japanese() -> None:
    without = sorted({
        f"{place}: {text!r}"
        for text, place in texts()
        if not NO_WORDS.fullmatch(text.replace("7", ""))
        and text not in japanese()
        and not KANA_OR_KANJI.search(in_language(text, "ja"))
    })  # fmt: skip
    assert without == [], "\n".join(["write their Japanese into gate/verify/locale/ja.json:", *without])


@pytest.mark.parametrize("english", japanese())
def test_both_languages_have_the_same_places_for_values(english: str) -> None:
    places = [
        {name for _, name, _, _ in string.Formatter().parse(text) if name} for text in (english, japanese()[english])
    ]
    assert places[1] <= places[0]


def test_a_sentence_is_turned_with_its_values_and_clause_by_clause() -> None:
    assert in_language("live view of cam1", "ja") == "cam1 のライブ映像"
    assert in_language("it is cut at X: last media -63 ms, its picture -65 ms", "ja") == (
        "X で切断：最後の受信 -63 ms、その映像 -65 ms"
    )
    assert in_language("recording of cam1: odd", "ja") == "cam1 の録画：odd"
    assert in_language("licences after: 2 × 12 months allocated", "ja") == (
        "ライセンスの状態（12 か月 × 2 の割り当て後）"
    )
    assert in_language("the site's clock: it says: no", "ja") == "サイトの時計：it says: no"
    assert in_language("live view of cam1", "en") == "live view of cam1"
    assert (
        in_language("アーケード", "ja") == "アーケード"
        and in_language("lobby cam: odd; words", "ja") == "lobby cam: odd; words"
    )


def test_values_are_said_in_the_language_of_their_text() -> None:
    assert text_of("looking: {column}", "ja", column="restored") == "確認：復旧後"
    assert text_of("looking: {column}", "en", column="restored") == "looking: restored"


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LC_ALL": "C", "LANG": "ja_JP.UTF-8"}, "en"),
        ({"LC_ALL": "", "LC_MESSAGES": "ja_JP.UTF-8", "LANG": "C"}, "ja"),
        ({}, "en"),
    ],
)
def test_the_language_is_the_locales(environment: dict[str, str], language: str) -> None:
    assert language_of_locale(environment) == language
