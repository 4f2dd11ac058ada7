"""Secrets in the text of a configuration: taken out before anybody sees it, put back when it returns. Pure.

1. A secret is the value of a field whose name has one of SECRET_WORDS, unless it is the name of a file; and a web
   address of the section `notify`, as people put tokens into such addresses.
2. It is shown as MASK. What comes back as MASK at the same place is what was there; places in a list go by `id` or
   `name` of the entry, so that entries may move. Not so where the entry names another host, port or encryption than
   before: somebody who does not know the secret could have it sent to himself.
3. A line of comment that looks like a secret is shown as MASK, and kept as long as it is not touched.
4. Whoever wrote the text, the work grows with its length alone: a pattern that does not would hold up the process.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

import yaml

from gate.yaml_file import compose

MASK = "********"
SECRET_WORDS = ("password", "secret", "token", "passphrase")
_ENTRY_KEYS = ("id", "name")
_PREFIX = re.compile(r"(?:[&!]\S*\s+)+")
_IN_COMMENT = re.compile(
    rf"(?:{'|'.join(SECRET_WORDS)})\w{{0,64}}+[ \t]{{0,64}}+[:=][ \t]{{0,64}}+(?=\S)", re.IGNORECASE
)
_URL_SECTIONS = ("notify",)
_WAY_FIELDS = ("host", "port", "address", "tls", "security")
_URL_FIELDS = ("url", "card")

Place = tuple[str, ...]


class Secret(NamedTuple):
    """Characters `[start, end)` of the text hold it; `ways`: where it is sent, and how."""

    place: Place
    start: int
    end: int
    value: str
    ways: frozenset[tuple[str, str]]


def find_secrets(text: str) -> list[Secret]:
    """In order of the text. Raises yaml.YAMLError."""
    root = compose(text)
    found = list(_walk(root, (), text, frozenset())) if root is not None else []
    return sorted({one.start: one for one in found}.values(), key=lambda one: one.start)


def mask(text: str) -> str:
    """The text as it may be seen. Raises yaml.YAMLError."""
    return _with_comments(_without_values(text), lambda comment: _masked_comment(comment) or comment)


def unmask(text: str, before: str) -> str:
    """What somebody made of the masked `before`, its secrets put back; one that was not there, or would go elsewhere
    now, stays MASK. Raises yaml.YAMLError."""
    comments = {
        masked: comment for comment in _comments(_without_values(before)) if (masked := _masked_comment(comment))
    }
    text = _with_comments(text, lambda comment: comments.get(comment, comment))
    known = {secret.place: secret for secret in find_secrets(before)}
    return _replaced(
        text,
        [
            (secret.start, secret.end, before[was.start : was.end])
            for secret in find_secrets(text)
            if secret.value == MASK and (was := known.get(secret.place)) and secret.ways <= was.ways
        ],
    )


def left_masked(text: str) -> list[int]:
    """The lines whose secret is still MASK: nobody knows it."""
    return [text.count("\n", 0, secret.start) + 1 for secret in find_secrets(text) if secret.value == MASK]


def redact(text: str, secrets: list[str]) -> str:
    """Any text without these values."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= 4:
            text = text.replace(secret, MASK)
    return text


def values_of(text: str) -> list[str]:
    """The secrets themselves. Raises yaml.YAMLError."""
    return [secret.value for secret in find_secrets(text) if secret.value and secret.value != MASK]


def _without_values(text: str) -> str:
    return _replaced(text, [(secret.start, secret.end, f'"{MASK}"') for secret in find_secrets(text)])


def _replaced(text: str, parts: list[tuple[int, int, str]]) -> str:
    """`parts` in order of the text: characters `[start, end)` become something else."""
    pieces, at = list[str](), 0
    for start, end, other in parts:
        pieces += [text[at:start], other]
        at = end
    return "".join([*pieces, text[at:]])


def _with_comments(text: str, change: Callable[[str], str]) -> str:
    return _replaced(text, [(start, end, change(text[start:end])) for start, end in _comment_places(text)])


def _comments(text: str) -> list[str]:
    return [text[start:end] for start, end in _comment_places(text)]


def _masked_comment(comment: str) -> str | None:
    """The comment without its secret; None if it has none."""
    found = _IN_COMMENT.search(comment)
    return comment[: found.end()] + MASK if found else None


def _comment_places(text: str) -> Iterator[tuple[int, int]]:
    """Every comment, from its # to the end of its line: a # within a value is none, nor one that no space precedes."""
    root = compose(text)
    values = sorted(_value_places(root)) if root is not None else []
    starts, at = [start for start, _ in values], text.find("#")
    while at >= 0:
        before = bisect_right(starts, at) - 1
        if before >= 0 and at < values[before][1]:
            at = text.find("#", values[before][1])
        elif at and not text[at - 1].isspace():
            at = text.find("#", at + 1)
        else:
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
            yield at, end
            at = text.find("#", end)


def _value_places(root: yaml.Node) -> Iterator[tuple[int, int]]:
    """Of keys, too; a block ends with its last line."""
    seen, waiting = set[int](), [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            waiting += [part for entry in node.value for part in entry]
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif node.end_mark.index > node.start_mark.index:
            yield node.start_mark.index, node.end_mark.index


def _walk(node: yaml.Node, place: Place, text: str, ways: frozenset[tuple[str, str]]) -> Iterator[Secret]:
    """`ways` are those of the entry of a list that the node lies in."""
    if isinstance(node, yaml.MappingNode):
        near = ways or frozenset(_ways(node, ""))
        for key, value in node.value:
            name = str(getattr(key, "value", ""))
            if isinstance(value, yaml.ScalarNode) and _is_secret(name, place, value.value):
                yield _secret((*place, name), value, text, near)
            else:
                yield from _walk(value, (*place, name), text, ways)
    elif isinstance(node, yaml.SequenceNode):
        for number, entry in enumerate(node.value):
            yield from _walk(
                entry, (*place, _entry_name(entry) or f"[{number}]"), text, ways or frozenset(_ways(entry, ""))
            )


def _ways(node: yaml.Node, name: str) -> Iterator[tuple[str, str]]:
    """Of all that lies in a node: hosts of addresses whatever their path, and what else says where and how."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _ways(value, str(getattr(key, "value", "")))
    elif isinstance(node, yaml.SequenceNode):
        for entry in node.value:
            yield from _ways(entry, name)
    elif name in _URL_FIELDS and node.value != MASK:
        yield "url", _host(node.value)
    elif name in _WAY_FIELDS:
        yield name, node.value


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return f"{parts.scheme}://{parts.netloc}"


def _is_secret(name: str, place: Place, value: str) -> bool:
    if not value or name.endswith(("_file", "_path")):
        return False
    if any(word in name.lower() for word in SECRET_WORDS):
        return True
    return name == "url" and place[:1] in [(section,) for section in _URL_SECTIONS]


def _secret(place: Place, node: yaml.ScalarNode, text: str, ways: frozenset[tuple[str, str]]) -> Secret:
    start, end = node.start_mark.index, node.end_mark.index
    prefix = _PREFIX.match(text, start, end)  # an anchor or a tag belongs to the value
    start = prefix.end() if prefix else start
    while end > start and text[end - 1].isspace():  # a block scalar reaches to the next line
        end -= 1
    return Secret(place, start, end, str(node.value), ways)


def _entry_name(entry: yaml.Node) -> str | None:
    if not isinstance(entry, yaml.MappingNode):
        return None
    fields = {str(key.value): value for key, value in entry.value if isinstance(key, yaml.ScalarNode)}
    for name in _ENTRY_KEYS:
        if isinstance(fields.get(name), yaml.ScalarNode):
            return f"{name}={fields[name].value}"
    return None
