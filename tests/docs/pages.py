"""Pages of Markdown, read: headings, links, blocks of code, words in code type."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

_FENCE = re.compile(r"^(?P<indent>\s*)(?P<marks>```+|~~~+)(?P<info>.*)$")
_LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\((?P<target>[^()\s]+(?:\([^()\s]*\))?)(?:\s+\"[^\"]*\")?\)")
_CODE = re.compile(r"(`+)(.+?)\1")
_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block of code. `title`: what `title="…"` says; `line`: of its fence, from 1."""

    page: Path
    line: int
    language: str
    title: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def every_page() -> list[Path]:
    """README, changelog, the packages' pages and all of docs/."""
    folders = ("gate", "recorder", "camera_sim", "hdmi_out", "tests")
    packages = [path for folder in folders for path in (ROOT / folder).rglob("README.md") if not path.is_symlink()]
    return [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(packages), *sorted(DOCS.rglob("*.md"))]


def blocks(page: Path) -> Iterator[Block]:
    """In order. A fence that is never closed is an AssertionError."""
    opened: tuple[int, str, str, list[str]] | None = None
    for number, line in enumerate(page.read_text().splitlines(), 1):
        match = _FENCE.match(line)
        if opened is None:
            if match:
                opened = (number, match["marks"], match["info"].strip(), [])
            continue
        if match and match["marks"].startswith(opened[1]) and not match["info"].strip():
            title = re.search(r'title="([^"]*)"', opened[2])
            language = re.split(r"[\s{]", opened[2], maxsplit=1)[0]
            text = "\n".join(opened[3]) + "\n"
            yield Block(page=page, line=opened[0], language=language, title=title[1] if title else "", text=text)
            opened = None
            continue
        opened[3].append(line)
    assert opened is None, f"{page}: the block of line {opened[0]} is not closed"


def prose(page: Path) -> str:
    """The page without its blocks of code, line by line the same."""
    lines, marks = [], ""
    for line in page.read_text().splitlines():
        match = _FENCE.match(line)
        if match and (not marks or (match["marks"].startswith(marks) and not match["info"].strip())):
            marks = "" if marks else match["marks"]
            lines.append("")
        else:
            lines.append("" if marks else line)
    return "\n".join(lines)


def links(page: Path) -> Iterator[tuple[int, str]]:
    """Line and target of every link and picture."""
    for number, line in enumerate(prose(page).splitlines(), 1):
        for match in _LINK.finditer(_CODE.sub("``", line) if "](" in line else ""):
            yield number, match["target"]
        for match in re.finditer(r'<img[^>]* src="([^"]+)"', line):
            yield number, match[1]


def code_words(page: Path) -> Iterator[tuple[int, str]]:
    """Line and content of every inline piece in code type."""
    for number, line in enumerate(prose(page).splitlines(), 1):
        for match in _CODE.finditer(line):
            yield number, match[2].strip()


def anchors(page: Path) -> set[str]:
    """What can stand after # in a link to the page: GitHub's names for its headings, and those of its own."""
    found: set[str] = set(re.findall(r'<a (?:id|name)="([^"]+)"', page.read_text()))
    for line in prose(page).splitlines():
        match = _HEADING.match(line)
        if match is None:
            continue
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", match[2].replace("`", ""))
        slug = re.sub(r"[^\w\- ]", "", plain.strip().lower()).replace(" ", "-")
        name, count = slug, 0
        while name in found:
            count += 1
            name = f"{slug}-{count}"
        found.add(name)
    return found
