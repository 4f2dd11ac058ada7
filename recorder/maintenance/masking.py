"""Secrets in the text of a configuration: taken out before anybody sees it, put back when it returns. Pure.

1. A secret is the value of a field whose name has one of SECRET_WORDS, unless it is the name of a file; and a web
   address of the section `notify`, as people put tokens into such addresses.
2. It is shown as MASK. What comes back as MASK at the same place is what was there; places in a list go by `id` or
   `name` of the entry, so that entries may move.
3. A line of comment that looks like a secret is shown as MASK, and kept as long as it is not touched.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import yaml

MASK = "********"
SECRET_WORDS = ("password", "secret", "token", "passphrase")
_ENTRY_KEYS = ("id", "name")
_PREFIX = re.compile(r"(?:[&!]\S*\s+)+")
_COMMENT = re.compile(rf"#.*?({'|'.join(SECRET_WORDS)})\w*\s*[:=]\s*(\S.*)$", re.IGNORECASE | re.MULTILINE)
_URL_SECTIONS = ("notify",)

Place = tuple[str, ...]


class Secret(NamedTuple):
    """Characters `[start, end)` of the text hold it."""

    place: Place
    start: int
    end: int
    value: str


def find_secrets(text: str) -> list[Secret]:
    """In order of the text. Raises yaml.YAMLError."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    found = list(_walk(root, (), text)) if root is not None else []
    return sorted({one.start: one for one in found}.values(), key=lambda one: one.start)


def mask(text: str) -> str:
    """The text as it may be seen. Raises yaml.YAMLError."""
    for secret in reversed(find_secrets(text)):
        text = f'{text[: secret.start]}"{MASK}"{text[secret.end :]}'
    return _COMMENT.sub(_masked_comment, text)


def unmask(text: str, before: str) -> str:
    """What somebody made of the masked `before`, its secrets put back; one that was not there stays MASK. Raises
    yaml.YAMLError."""
    known = {secret.place: before[secret.start : secret.end] for secret in find_secrets(before)}
    for secret in reversed(find_secrets(text)):
        if secret.value == MASK and secret.place in known:
            text = text[: secret.start] + known[secret.place] + text[secret.end :]
    comments = {_COMMENT.sub(_masked_comment, found[0]): found[0] for found in _COMMENT.finditer(before)}
    for masked, original in comments.items():
        text = text.replace(masked, original)
    return text


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


def _masked_comment(found: re.Match[str]) -> str:
    return found[0][: found.start(2) - found.start()] + MASK


def _walk(node: yaml.Node, place: Place, text: str) -> Iterator[Secret]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = str(getattr(key, "value", ""))
            if isinstance(value, yaml.ScalarNode) and _is_secret(name, place, value.value):
                yield _secret((*place, name), value, text)
            else:
                yield from _walk(value, (*place, name), text)
    elif isinstance(node, yaml.SequenceNode):
        for number, entry in enumerate(node.value):
            yield from _walk(entry, (*place, _entry_name(entry) or f"[{number}]"), text)


def _is_secret(name: str, place: Place, value: str) -> bool:
    if not value or name.endswith(("_file", "_path")):
        return False
    if any(word in name.lower() for word in SECRET_WORDS):
        return True
    return name == "url" and place[:1] in [(section,) for section in _URL_SECTIONS]


def _secret(place: Place, node: yaml.ScalarNode, text: str) -> Secret:
    start, end = node.start_mark.index, node.end_mark.index
    prefix = _PREFIX.match(text, start, end)  # an anchor or a tag belongs to the value
    start = prefix.end() if prefix else start
    while end > start and text[end - 1].isspace():  # a block scalar reaches to the next line
        end -= 1
    return Secret(place, start, end, str(node.value))


def _entry_name(entry: yaml.Node) -> str | None:
    if not isinstance(entry, yaml.MappingNode):
        return None
    fields = {str(key.value): value for key, value in entry.value if isinstance(key, yaml.ScalarNode)}
    for name in _ENTRY_KEYS:
        if isinstance(fields.get(name), yaml.ScalarNode):
            return f"{name}={fields[name].value}"
    return None
