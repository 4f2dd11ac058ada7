"""The pages and parts of docs/reference that are made from the code."""

import re

from tests.docs import (
    reference_api,
    reference_cli,
    reference_configuration,
    reference_disk,
    reference_tables,
)
from tests.docs.reference_configuration import ROOT

FOLDER = ROOT / "docs" / "reference"
NOTE = "\n<!-- Made by `make docs-reference` from the code: do not edit. -->\n"
PAGES = {
    "cli.md": reference_cli.page,
    "configuration.md": reference_configuration.configuration_page,
    "scenarios.md": reference_configuration.scenarios_page,
    "api.md": reference_api.page,
    "denials.md": reference_tables.denials_page,
    "metrics.md": reference_tables.metrics_page,
    "ports.md": reference_tables.ports_page,
}
PARTS = {"disk.md": {"boxes": reference_disk.boxes, "schema": reference_disk.schema}}


def made(name: str) -> str:
    """What a page has to be."""
    if name in PAGES:
        return PAGES[name]() + NOTE
    text = (FOLDER / name).read_text()
    for part, make in PARTS[name].items():
        pattern = re.compile(rf"(<!-- made: {part} -->\n)(\n```.*?\n```\n)?", re.DOTALL)
        content = f"\n{make()}\n"
        text = pattern.sub(lambda match, content=content: match[1] + content, text, count=1)
    return text


NAMES = (*PAGES, *PARTS)
