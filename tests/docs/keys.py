"""Every key that a configuration may have, from its model; what it means, from the comments of the commented file."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

_LINE = re.compile(
    r"^(?P<indent>\s*)(?P<off># ?)?(?P<inner>\s*)(?P<item>- )?(?P<key>[A-Za-z_][\w-]*):"
    r"(?P<value>\s[^#]*|)(?P<comment>\s#.*|)$"
)
_SIZE = re.compile(r"(^|_)bytes(_max|_min)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """`path` as in `cameras[].main.url`; `required`: the file is refused without it (or its section, where that is
    given)."""

    path: str
    form: str
    default: str
    required: bool


def keys_of(model: type[BaseModel], moved: Mapping[str, str] | None = None) -> Iterator[Key]:
    """In the order of the model. `moved`: keys that people write elsewhere than the model has them."""
    schema = model.model_json_schema(by_alias=True)
    for key in _properties(schema, schema.get("$defs", {}), ""):
        path = (moved or {}).get(key.path, key.path)
        if path:
            yield Key(path=path, form=key.form, default=key.default, required=key.required)


def comments_of(text: str) -> dict[str, str]:
    """The comment on the line of a key, also of keys that are commented out; keyed like `keys_of`."""
    found: dict[str, str] = {}
    stack: list[tuple[int, str]] = []
    for line in text.splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        depth = len(match["indent"]) + len(match["inner"]) + (2 if match["item"] else 0)
        while stack and stack[-1][0] >= depth:
            stack.pop()
        name = match["key"] + ("[]" if match["item"] else "")
        parents = [one for _, one in stack]
        if match["item"] and parents:
            parents[-1] = parents[-1].removesuffix("[]") + "[]"
            stack[-1] = (stack[-1][0], parents[-1])
        path = ".".join([*parents, match["key"]])
        stack.append((depth, match["key"]))
        comment = match["comment"].strip().removeprefix("#").strip()
        if comment and path not in found and name:
            found[path] = comment
    return found


def _properties(schema: Mapping[str, Any], definitions: Mapping[str, Any], prefix: str) -> Iterator[Key]:
    required = set(schema.get("required", ()))
    for name, plain in schema.get("properties", {}).items():
        path, choices = prefix + name, [_resolved(one, definitions) for one in plain.get("anyOf", [plain])]
        sections = [one for one in choices if one.get("properties")]
        items = [
            (one, _resolved(one["items"], definitions)) for one in choices if isinstance(one.get("items"), Mapping)
        ]
        lists = [item for _, item in items if item.get("properties")]
        if not sections and not lists:
            said = [one for one in choices if one.get("type") != "null" or plain.get("default") is not None]
            form = " or ".join(dict.fromkeys(_form(one, definitions, name) for one in said))
            yield Key(path=path, form=form, default=_default(plain, name), required=name in required)
            continue
        form = "list" if lists else "section"
        yield Key(path=path, form=form, default=_default(plain, name) if lists else "", required=name in required)
        for section in sections:
            yield from _properties(section, definitions, path + ".")
        for item in lists:
            yield from _properties(item, definitions, path + "[].")


def _resolved(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    return definitions[reference.rpartition("/")[2]] if reference else schema


def _form(schema: Mapping[str, Any], definitions: Mapping[str, Any], name: str) -> str:
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    kind = schema.get("type", "")
    if kind == "array":
        inside = schema.get("items")
        if not isinstance(inside, Mapping):
            return "list"
        choices = [_resolved(one, definitions) for one in inside.get("anyOf", [inside])]
        words = " or ".join(dict.fromkeys(_form(one, definitions, "") for one in choices))
        return "list" if words in ("list", "") else f"list of {words}"
    if kind == "object":
        return "map"
    if kind == "integer" and _SIZE.search(name):
        return "size (`20GB`)" + _bounds(schema, size=True)
    if kind in ("integer", "number"):
        return ("whole number" if kind == "integer" else "number") + _bounds(schema)
    if kind == "boolean":
        return "`true`, `false`"
    formats = {"path": "path", "duration": "duration (`30d`)", "date": "date", "time": "time of day", "ipv4": "address"}
    text = formats.get(schema.get("format", ""), "text")
    if kind == "null":
        return "`null`"
    if not kind:
        return "anything"
    return text if text != "text" or "maxLength" not in schema else f"text, {schema['maxLength']} characters at most"


def _bounds(schema: Mapping[str, Any], *, size: bool = False) -> str:
    def shown(value: float) -> str:
        return size_text(int(value)) if size else f"{value:g}"

    low = schema.get("minimum", schema.get("ge"))
    high = schema.get("maximum", schema.get("le"))
    parts = []
    if low is not None and not (size and low == 0):
        parts.append(f"≥ {shown(low)}")
    if "exclusiveMinimum" in schema:
        parts.append(f"> {shown(schema['exclusiveMinimum'])}")
    if high is not None:
        parts.append(f"≤ {shown(high)}")
    return f", {', '.join(parts)}" if parts else ""


def _default(plain: Mapping[str, Any], name: str) -> str:
    value = plain.get("default")
    if value is None or isinstance(value, dict) or value in ("", []):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and _SIZE.search(name):
        return size_text(value)
    if isinstance(value, list):
        return f"[{', '.join(map(str, value))}]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def size_text(count: int) -> str:
    """As people write it: 20GB."""
    for unit, size in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count and count % size == 0:
            return f"{count // size}{unit}"
    return str(count)
