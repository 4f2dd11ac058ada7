"""The two languages of the web app say the same things, and the page asks for nothing that is not there."""

import json
import re
from pathlib import Path

import recorder.remote.app

STATIC = Path(recorder.remote.app.__file__).parent / "static"
CATALOGUES = {name: json.loads((STATIC / "lang" / f"{name}.json").read_text()) for name in ("ja", "en")}
SOURCES = [*(STATIC / "app").glob("*.js"), STATIC / "index.html"]


def test_both_catalogues_have_the_same_keys_in_the_same_order() -> None:
    assert list(CATALOGUES["ja"]) == list(CATALOGUES["en"])


def test_both_texts_of_a_key_take_the_same_values() -> None:
    for key, text in CATALOGUES["ja"].items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", CATALOGUES["en"][key])), key


def test_every_key_is_used_and_every_key_used_exists() -> None:
    source = "\n".join(path.read_text() for path in SOURCES)
    quoted = set(re.findall(r'"([a-z_]+\.[\w.]+)"', source))
    families = tuple(re.findall(r"`([a-z]+\.)\$\{", source))
    keys = set(CATALOGUES["ja"])
    assert {key for key in keys if key not in quoted and not key.startswith(families)} == set()
    modules = {"main.js"}
    assert {key for key in quoted if key.split(".")[0] in {k.split(".")[0] for k in keys}} <= keys | modules


def test_every_row_of_the_matrix_has_a_name() -> None:
    for catalogue in CATALOGUES.values():
        assert [key for key in catalogue if key.startswith("feature.")] == [f"feature.M{n}" for n in range(1, 10)]
