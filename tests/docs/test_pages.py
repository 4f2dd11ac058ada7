"""What the documentation says is there: links, files, commands, configurations, code."""

import ast
import copy
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import yaml

from camera_sim.config import load_fleet
from gate.profile_file import load_profile
from gate.rules_file import load_rules
from gate.service import config as service_config
from gate.show import config as show_config
from gate.verify.attach_file import load_site_file
from gate.verify.foreign.driver_file import load_driver
from gate.verify.scenario import load_scenario
from gate.yaml_file import ConfigError, load
from hdmi_out import config as hdmi_config
from recorder import config as recorder_config
from recorder.supervisor.site import DemoConfig
from tests.docs.pages import DOCS, ROOT, Block, anchors, blocks, code_words, every_page, links
from tests.docs.shell import exists, troubles

PAGES = every_page()
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
BLOCKS = [block for page in PAGES for block in blocks(page)]
LOADERS: Mapping[str, Callable[[Path], object]] = {
    "recorder.yaml": recorder_config.load_config,
    "direct.yaml": recorder_config.load_config,
    "hdmi.yaml": hdmi_config.load_config,
    "service.yaml": lambda path: service_config.load_config(path, 8000),
    "rules.yaml": load_rules,
    "fleet.yaml": load_fleet,
    "show.yaml": show_config.load_config,
    "demo.yaml": lambda path: load(path, DemoConfig),
    "scenario.yaml": load_scenario,
    "driver.yaml": load_driver,
    "attach.yaml": load_site_file,
    "profiles/remo.yaml": load_profile,
}
"""By the title of a block; `NAME (part)` replaces what it has in the file of that name in configs/."""
PATH = re.compile(r"(configs|tests|docs|gate|recorder|camera_sim|hdmi_out)/[\w./*-]+")


def of_language(*languages: str) -> list[Block]:
    return [block for block in BLOCKS if block.language in languages]


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_link_leads_somewhere(page: Path) -> None:
    for line, target in links(page):
        parts = urlsplit(target)
        if parts.scheme in ("http", "https", "mailto"):
            continue
        where = f"{page.relative_to(ROOT)}:{line}: {target}"
        file = page if not parts.path else (page.parent / unquote(parts.path)).resolve()
        assert file.exists(), f"{where}: there is no such file"
        if parts.fragment and file.suffix == ".md":
            assert unquote(parts.fragment) in anchors(file), f"{where}: no heading has that name"


@pytest.mark.parametrize("page", [page for page in PAGES if DOCS in page.parents], ids=lambda page: page.name)
def test_pages_link_within_docs_so_that_the_site_can_be_built(page: Path) -> None:
    for line, target in links(page):
        if not urlsplit(target).scheme and urlsplit(target).path:
            file = (page.parent / unquote(urlsplit(target).path)).resolve()
            assert DOCS in file.parents, f"{page.relative_to(ROOT)}:{line}: name {target} as `code`, without a link"


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_files_of_this_project_that_a_page_names_are_there(page: Path) -> None:
    if page.name == "CHANGELOG.md":
        return  # of things as they were
    for line, word in code_words(page):
        match = PATH.fullmatch(word)
        if match and page.parent.name not in ("gate", "recorder", "camera_sim", "hdmi_out"):
            where = f"{page.relative_to(ROOT)}:{line}"
            assert exists(word) or (page.parent / word).exists(), f"{where}: there is no {word}"


@pytest.mark.parametrize("block", of_language("sh", "bash", "shell", "console"), ids=str)
def test_what_a_shell_line_calls_is_there(block: Block) -> None:
    assert not list(troubles(block.text)), str(block)


def test_lines_that_are_wrong_are_seen() -> None:
    for line in (
        "edge-recorder record cam1 event --before 5",
        "edge-recorder forget everything",
        "make coffee",
        "python -m recorder.nothing",
        "cp configs/nothing.yaml there.yaml",
        "frobnicate --all",
        "cd somewhere && make coffee | tee log",
    ):
        assert list(troubles(line)), line
    for line in (
        "edge-recorder record cam1 event --pre 5 --post 20   # recorded around events",
        "sudo PORT=1 make test 2> log && cd x",
        "edge-recorder verify --json > report.json",
    ):
        assert not list(troubles(line)), line


@pytest.mark.parametrize("block", of_language("yaml", "yml"), ids=str)
def test_configurations_are_such_as_the_program_takes(block: Block, tmp_path: Path) -> None:
    content = yaml.safe_load(block.text)
    name, _, part = block.title.partition(" (")
    loader = LOADERS.get(name)
    if loader is None:
        return
    path = tmp_path / "configs" / name
    path.parent.mkdir(parents=True)
    path.write_text(block.text if not part else yaml.safe_dump(merged(name, content), allow_unicode=True))
    (tmp_path / "configs" / "rules.yaml").write_text((ROOT / "configs/rules.yaml").read_text())
    trouble = ""
    try:
        loader(path)
    except ConfigError as error:
        trouble = str(error)
    assert not trouble, block


def merged(name: str, part: Mapping[str, Any]) -> dict[str, Any]:
    """The file of configs/ with each section's keys of a part in place of its own."""
    source = ROOT / "configs" / ("scenarios/lapse_and_restore.yaml" if name == "scenario.yaml" else name)
    whole: dict[str, Any] = copy.deepcopy(yaml.safe_load(source.read_text()))
    for key, value in part.items():
        exclusive = key in ("licence", "clock", "mail", "storage")
        both = isinstance(value, dict) and isinstance(whole.get(key), dict) and not exclusive
        whole[key] = {**whole[key], **value} if both else value
    return whole


def test_a_recorder_in_the_documentation_always_says_which_part_of_its_file_it_is() -> None:
    """Else nothing would look at it."""
    tops = {"device", "cameras", "remote", "storage", "licence", "notify", "rtsp", "fleet", "steps", "given"}
    untitled = [
        block
        for block in of_language("yaml", "yml")
        if isinstance(content := yaml.safe_load(block.text), dict) and tops & set(content) and not block.title
    ]
    assert not untitled, 'write ```yaml title="recorder.yaml (part)", or whatever file it belongs to'


@pytest.mark.parametrize("block", of_language("python", "py"), ids=str)
def test_python_in_the_documentation_is_python(block: Block) -> None:
    assert compile(block.text, str(block), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_every_picture_is_shown_somewhere_in_one_language_at_least_and_is_small() -> None:
    def name(path: Path) -> str:
        return re.sub(r"-(ja|en)$", "", path.stem)

    shown = {name(Path(target)) for page in PAGES for _, target in links(page) if "pictures/" in target}
    for picture in (DOCS / "pictures").iterdir():
        assert name(picture) in shown, f"{picture.name} is on no page"
        assert picture.stat().st_size < 200_000, picture.name


def test_every_page_of_docs_has_its_place_in_the_site() -> None:
    class Loader(yaml.SafeLoader):
        """Passes over mkdocs' own tags."""

    Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)
    config = yaml.load((ROOT / "mkdocs.yml").read_text(), Loader=Loader)

    def within(nav: Any) -> list[str]:
        if isinstance(nav, str):
            return [nav]
        return [one for part in (nav.values() if isinstance(nav, dict) else nav) for one in within(part)]

    placed = within(config["nav"])
    there = {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")}
    assert set(placed) == there, "the list `nav` in mkdocs.yml names every page of docs/ once"
    assert len(placed) == len(set(placed))
