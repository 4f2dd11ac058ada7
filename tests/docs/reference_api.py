"""docs/reference/api.md, from the two OpenAPI documents."""

from collections.abc import Iterator, Mapping
from typing import Any

from gate.service.api.openapi import document_of
from gate.service.api.serving import ENDPOINTS, PREFIX
from recorder.remote.openapi.document import document

METHODS = ("get", "post", "put", "patch", "delete")
TAGS = {
    "live": "Live view",
    "playback": "Playback",
    "exports": "Exports",
    "events": "Events",
    "maintenance": "Maintenance",
    "state": "State and explanations",
    "access": "Signing in, users, audit",
}


def page() -> str:
    """The whole page."""
    lines = [
        "# APIs",
        "",
        "Two programs serve an HTTP API: the recorder (its remote side, port 8600) and the licence service "
        "(port 8700). "
        "Each has its OpenAPI 3.1 document at `/api/openapi.json`, with every field and a schema for every "
        "answer; this "
        "page is a list made from them. WebSockets, RTSP, HLS and what the processes say to each other: "
        "[protocols](../protocols.md). What is refused, and how: [denials](denials.md).",
        "",
        "## Recorder",
        "",
        "`row` is the row of the matrix an operation belongs to: without a licence for that camera it is "
        "refused with 403. "
        "`role` is the least a user needs where people sign in (`remote.access`).",
        *_operations(document(), TAGS, recorder=True),
        "",
        "## Licence service",
        "",
        "With `Authorization: Bearer TOKEN` (`edge-recorder service token`). Operations marked `key` need an "
        "`Idempotency-Key`: asked again with the same key, nothing happens a second time.",
        *_operations(document_of(ENDPOINTS, PREFIX), {}, recorder=False),
    ]
    return "\n".join(lines) + "\n"


def _operations(found: Mapping[str, Any], titles: Mapping[str, str], *, recorder: bool) -> Iterator[str]:
    groups: dict[str, list[str]] = {tag["name"]: [] for tag in found.get("tags", ())}
    for path, operations in found["paths"].items():
        shared = operations.get("parameters", [])
        for method in METHODS:
            if method not in operations:
                continue
            operation = operations[method]
            row = _row(found, method.upper(), path, operation, shared, recorder=recorder)
            groups.setdefault(operation["tags"][0], []).append(row)
    for tag, rows in groups.items():
        yield ""
        yield f"### {titles.get(tag, tag[:1].upper() + tag[1:])}"
        yield ""
        yield (
            "| operation | what it does | parameters | row | role |"
            if recorder
            else ("| operation | what it does | parameters | |")
        )
        yield "|---|---|---|---|---|" if recorder else "|---|---|---|---|"
        yield from rows


def _row(
    found: Mapping[str, Any],
    method: str,
    path: str,
    operation: Mapping[str, Any],
    shared: list[Any],
    *,
    recorder: bool,
) -> str:
    parameters = [_resolved(found, one) for one in [*shared, *operation.get("parameters", [])]]
    asked = [f"`{one['name']}`" + ("" if one.get("required") else "?") for one in parameters if one["in"] == "query"]
    body = "body" if "requestBody" in operation else ""
    given = ", ".join([*asked, body] if body else asked)
    cells = [f"`{method} {path}`", operation["summary"].replace("|", "\\|"), given]
    if recorder:
        role = operation.get("x-role", "signed in" if operation.get("security") else "anybody")
        cells += [operation.get("x-feature", ""), role]
    else:
        once = any(one["name"] == "Idempotency-Key" for one in parameters)
        cells.append("key" if once else "" if operation["security"] else "without a token")
    return f"| {' | '.join(cells)} |"


def _resolved(found: Mapping[str, Any], one: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in one:
        return one
    value: Any = found
    for part in one["$ref"].removeprefix("#/").split("/"):
        value = value[part]
    resolved: Mapping[str, Any] = value
    return resolved
