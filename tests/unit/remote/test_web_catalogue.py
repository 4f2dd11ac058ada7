"""The two languages of the web app say the same things, and the page asks for nothing that is not there."""

import json
import re
from pathlib import Path

import recorder.remote.app
from recorder.access.route_table import TABLE

STATIC = Path(recorder.remote.app.__file__).parent / "static"
SOURCES = [*(STATIC / "app").rglob("*.js"), STATIC / "index.html"]


def parts_of(language: str) -> dict[str, dict[str, str]]:
    """Each part of a catalogue by its name."""
    return {path.stem: json.loads(path.read_text()) for path in sorted((STATIC / "lang" / language).glob("*.json"))}


PARTS = {language: parts_of(language) for language in ("ja", "en")}
CATALOGUES = {
    language: {key: text for part in parts.values() for key, text in part.items()} for language, parts in PARTS.items()
}


def test_every_part_is_there_in_both_languages_and_loaded() -> None:
    assert list(PARTS["ja"]) == list(PARTS["en"])
    listed = re.search(r"^const PARTS = (\[.*?\]);", (STATIC / "app/i18n.js").read_text(), re.DOTALL | re.MULTILINE)
    assert listed is not None
    assert sorted(re.findall(r'"(\w+)"', listed[1])) == list(PARTS["ja"])
    keys = [key for part in PARTS["ja"].values() for key in part]
    assert len(keys) == len(set(keys)), "two parts have the same key"


def test_both_catalogues_have_the_same_keys_in_the_same_order() -> None:
    assert list(CATALOGUES["ja"]) == list(CATALOGUES["en"])


def test_both_texts_of_a_key_take_the_same_values() -> None:
    for key, text in CATALOGUES["ja"].items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", CATALOGUES["en"][key])), key


def test_every_key_is_used_and_every_key_used_exists() -> None:
    source = "\n".join(path.read_text() for path in SOURCES)
    quoted = set(re.findall(r'"([a-z_]+\.[\w.]+)"', source))
    families = tuple(re.findall(r"`((?:[a-z_]+\.)+)\$\{", source))
    keys = set(CATALOGUES["ja"])
    assert {key for key in keys if key not in quoted and not key.startswith(families)} == set()
    modules = {"main.js"}
    assert {key for key in quoted if key.split(".")[0] in {k.split(".")[0] for k in keys}} <= keys | modules


def test_every_row_of_the_matrix_has_a_name() -> None:
    for catalogue in CATALOGUES.values():
        assert [key for key in catalogue if key.startswith("feature.")] == [f"feature.M{n}" for n in range(1, 10)]


def test_every_action_of_the_audit_log_has_words() -> None:
    package = Path(recorder.remote.app.__file__).parents[1]
    sources = "\n".join(
        path.read_text() for folder in ("access", "remote") for path in (package / folder).rglob("*.py")
    )
    noted = re.findall(r'(?:note|_change)\(\s*[^"]{0,60}"([a-z_]+(?:\.[a-z_]+)+)"', sources)
    needs = [(need.action, need.told) for need in TABLE.values()]
    told = [action for action, how in needs if how == "noted"]
    watched = [f"{action}.{end}" for action, how in needs if how == "watched" for end in ("begun", "ended")]
    actions = {*noted, *told, *watched}
    assert {"config.restored", "logs.fetched", "export.fetched", "camera.rebooted", "view.ended"} <= actions
    assert {action for action in actions if f"access.act.{action}" not in CATALOGUES["ja"]} == set()
