"""What a report shows of a driver's file and of its addresses: no token that somebody wrote there. Pure."""

import re
from collections.abc import Iterator

import yaml

from gate.yaml_file import SECRET_WORDS, compose

MASK = "********"
_PARAMETER = re.compile(
    rf"([?&][^=&#\s]*(?:{'|'.join((*SECRET_WORDS, 'sig', 'auth', 'pass', 'pwd'))})[^=&#\s]*=)[^&#\s\"'\]}},;]+",
    re.IGNORECASE,
)

_PROOF = re.compile(r"(authorization[\"']?\s*:\s*[\"']?(?:(?:bearer|basic|digest)\s+)?)[^\s\"'},]+", re.IGNORECASE)


def shown_source(text: str) -> str:
    """A driver's file: the values of headers and of fields that are called like secrets are masked, comments are as
    they were. Raises yaml.YAMLError."""
    root = compose(text)
    spans = sorted({(node.start_mark.index, node.end_mark.index) for node in _secrets(root)}, reverse=True)
    for begin, end in spans:
        text = text[:begin] + MASK + text[end:]
    return shown_text(text)


def shown_text(text: str) -> str:
    """With the parameters of addresses masked that are called like secrets (`?token=…`), and what proves somebody in a
    command (`curl -H 'Authorization: …'`)."""
    return _PROOF.sub(rf"\1{MASK}", _PARAMETER.sub(rf"\1{MASK}", text))


def _secrets(node: yaml.Node | None, *, is_secret: bool = False) -> Iterator[yaml.ScalarNode]:
    """Of `credentials` only the places are written down where they are kept."""
    if isinstance(node, yaml.ScalarNode):
        if is_secret:
            yield node
    elif isinstance(node, yaml.SequenceNode):
        for one in node.value:
            yield from _secrets(one, is_secret=is_secret)
    elif isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            called = str(name.value).lower()
            if called != "credentials":
                hides = called == "headers" or any(word in called for word in SECRET_WORDS)
                yield from _secrets(value, is_secret=is_secret or hides)
