"""YAML files for people: checked against a pydantic model; an error names file, line and field, and what to do.

Any package may read its configuration with this module; it knows nothing of licences.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

ModelT = TypeVar("ModelT", bound=BaseModel)

FILE_BYTES_MAX = 4 << 20
"""A configuration larger than this is refused: nobody wrote it by hand."""


NODES_MAX = 100_000
"""Of a configuration with its aliases written out: a few hundred characters can stand for billions."""
DEPTH_MAX = 50

SECRET_WORDS = ("password", "secret", "token", "key")
"""Fields whose names have one of these are never echoed."""


_UNREADABLE = (ValueError, LookupError, AttributeError, ArithmeticError)
"""PyYAML's own, of `2027-13-01`, `!!bool x`."""
_ONE_TO_EDIT = "`edge-recorder configs --write DIR` writes one to edit"


class ConfigError(Exception):
    """A configuration that cannot be used. Its text is one sentence for the person who wrote the file."""


class PlacedError(ValueError):
    """For validators of a whole model: what is wrong with one of its parts. `place` leads there from the model."""

    def __init__(self, place: tuple[int | str, ...], sentence: str) -> None:
        super().__init__(sentence)
        self.place = place


def load(path: Path, model: type[ModelT]) -> ModelT:
    """The file's content as `model`. Raises ConfigError with file, line and field."""
    root = _compose(path)
    try:
        return model.model_validate(_plain(root, path))
    except ValidationError as error:
        line = _line_of(root, _place(error.errors()[0]))
        raise ConfigError(f"{path}, line {line}, {first_error(error)}") from None


def compose(text: str) -> yaml.Node | None:
    """The nodes of a text; None for an empty one. Raises yaml.YAMLError, also beyond NODES_MAX and DEPTH_MAX."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if root is not None:
            _measure(root, {})
    except RecursionError:
        raise yaml.YAMLError(f"it is nested deeper than {DEPTH_MAX}") from None
    return root


def first_error(error: ValidationError) -> str:
    """The first of a model's errors as field and sentence, and how many more there are."""
    first = error.errors()[0]
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{_field_name(_place(first))}: {_sentence(first)}{more}"


def placed(path: Path, place: Sequence[int | str], sentence: str) -> ConfigError:
    """An error at a field of a file that has been read: found wrong only when it was used."""
    return ConfigError(f"{path}, line {_line_of(_compose(path), place)}, {_field_name(place)}: {sentence}")


def _place(error: Any) -> tuple[int | str, ...]:
    cause = error.get("ctx", {}).get("error")
    return (*error["loc"], *(cause.place if isinstance(cause, PlacedError) else ()))


def _compose(path: Path) -> yaml.Node:
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise ConfigError(f"{path}: larger than {FILE_BYTES_MAX >> 20} MiB, this is no configuration file")
        root = compose(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file; {_ONE_TO_EDIT}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{path}, line {line}: not valid YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not valid YAML: {error}") from None
    if root is None:
        raise ConfigError(f"{path}: the file is empty; {_ONE_TO_EDIT}")
    return root


def _measure(node: yaml.Node, known: dict[int, tuple[int, int] | None]) -> tuple[int, int]:
    """How many nodes it stands for, and how deep they are nested. Raises yaml.YAMLError."""
    if id(node) in known:
        measured = known[id(node)]
        if measured is None:
            raise yaml.YAMLError("an alias names what it is a part of")
        return measured
    known[id(node)] = None
    nodes, depth = 1, 1
    if not isinstance(node, yaml.ScalarNode):
        entries = [part for entry in node.value for part in (entry if isinstance(entry, tuple) else (entry,))]
        for part in entries:
            within, below = _measure(part, known)
            nodes, depth = nodes + within, max(depth, below + 1)
    if nodes > NODES_MAX:
        raise yaml.YAMLError(f"with its aliases it has more than {NODES_MAX} parts")
    if depth > DEPTH_MAX:
        raise yaml.YAMLError(f"it is nested deeper than {DEPTH_MAX}")
    known[id(node)] = nodes, depth
    return nodes, depth


def _plain(root: yaml.Node, path: Path) -> Any:
    duplicate = _duplicate_key(root)
    if duplicate is not None:
        raise ConfigError(f"{path}, line {duplicate.start_mark.line + 1}: {duplicate.value!r} is given twice")
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{path}, line {line}: {error.problem}") from None
    except _UNREADABLE as error:
        found = next((one for one in _scalars(root, ()) if _is_unreadable(one[1])), None)
        if found is None:
            raise ConfigError(f"{path}: a value cannot be read: {error}") from None
        place, node = found
        secret = any(word in _field_name(place).lower() for word in SECRET_WORDS)
        shown = "" if secret else f"{node.value!r} "
        raise ConfigError(
            f"{path}, line {node.start_mark.line + 1}, {_field_name(place)}: {shown}cannot be read: {error}"
        ) from None


def _scalars(node: yaml.Node, place: tuple[int | str, ...]) -> Iterator[tuple[tuple[int | str, ...], yaml.ScalarNode]]:
    """Every single value, with its place; a key stands at that of its value."""
    if isinstance(node, yaml.ScalarNode):
        yield place, node
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            within = (*place, str(key.value))
            for part in (key, value):
                yield from _scalars(part, within)
    else:
        for number, part in enumerate(node.value):
            yield from _scalars(part, (*place, number))


def _is_unreadable(node: yaml.ScalarNode) -> bool:
    try:
        yaml.SafeLoader("").construct_document(node)
    except _UNREADABLE:
        return True
    return False


def _duplicate_key(node: yaml.Node) -> yaml.ScalarNode | None:
    children: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    return key
                seen.add(key.value)
            children.append(value)
    elif isinstance(node, yaml.SequenceNode):
        children = node.value
    return next((found for child in children if (found := _duplicate_key(child)) is not None), None)


def _line_of(root: yaml.Node, location: Sequence[int | str]) -> int:
    """The line of the deepest part of `location` that the file has (a missing field: its parent's line)."""
    node, line = root, root.start_mark.line + 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            entry = next(((k, v) for k, v in node.value if k.value == part), None)
            if entry is None:
                continue  # pydantic puts names of union members into the location
            line, node = entry[0].start_mark.line + 1, entry[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line


def _field_name(location: Sequence[int | str]) -> str:
    name = ""
    for part in location:
        name += f"[{part}]" if isinstance(part, int) else f".{part}" if name else part
    return name or "the whole file"


def _sentence(error: Any) -> str:
    match error["type"]:
        case "missing":
            return "this field is missing"
        case "extra_forbidden":
            return "there is no such field; check the spelling"
        case "value_error":
            return str(error["ctx"]["error"])
        case _:
            given = error["input"]
            secret = any(word in str(error["loc"]).lower() for word in SECRET_WORDS)
            shown = f", not {given!r}" if isinstance(given, (str, int, float, bool)) and not secret else ""
            return f"{error['msg'][0].lower()}{error['msg'][1:]}{shown}"
