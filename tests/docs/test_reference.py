"""What of docs/reference is made from the code is what the code says today."""

import json

import pytest
import yaml

from tests.docs import bench_page
from tests.docs.keys import keys_of
from tests.docs.reference import FOLDER, NAMES, made
from tests.docs.reference_configuration import FILES, ROOT, SCENARIO, WORDS, File, words_of
from tests.docs.reference_tables import PORTS, SOCKETS, value_at


@pytest.mark.parametrize("name", NAMES)
def test_the_page_is_current(name: str) -> None:
    assert (FOLDER / name).read_text() == made(name), "make docs-reference writes it anew"


@pytest.mark.parametrize("file", [*FILES, SCENARIO], ids=lambda file: file.name)
def test_every_key_says_what_it_is_and_no_words_are_of_a_key_that_is_gone(file: File) -> None:
    keys = list(keys_of(file.model, file.moved))
    assert not [key.path for key in keys if not words_of(file, key)], (
        "tests/docs/key_words.yaml, or a comment on its line"
    )
    exact = {path for path in WORDS.get(file.name, {}) if not path.startswith("*.")}
    assert not exact - {key.path for key in keys}


def test_every_address_of_the_configurations_is_in_the_list_of_ports() -> None:
    listed = {(port.file, port.key): port.number for port in PORTS}
    for (file, key), number in listed.items():
        value = value_at(yaml.safe_load((ROOT / "configs" / file).read_text()), key)
        assert str(value).endswith(f":{number}"), (file, key)
    for path in (ROOT / "configs").glob("*.yaml"):
        found = dict(_addresses(yaml.safe_load(path.read_text()), ""))
        unlisted = {key for key in found if key.endswith(("listen", "address")) and "cameras" not in key}
        assert {(path.name, key) for key in unlisted} <= set(listed), path.name
    assert all(value_at(yaml.safe_load((ROOT / "configs" / file).read_text()), key) for file, key, _ in SOCKETS)


def _addresses(content: object, place: str) -> list[tuple[str, str]]:
    if isinstance(content, dict):
        return [one for key, value in content.items() for one in _addresses(value, f"{place}.{key}".strip("."))]
    return [(place, content)] if isinstance(content, str) and content.startswith("127.") and ":" in content else []


def test_the_page_of_benchmarks_says_what_was_measured() -> None:
    kept = json.loads(bench_page.KEPT.read_text())
    assert bench_page.PAGE.read_text() == bench_page.page(kept), "make bench-page"
    for name, text in bench_page.charts(kept).items():
        assert (bench_page.CHARTS / name).read_text() == text, name
