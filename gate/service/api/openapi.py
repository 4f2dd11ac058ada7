"""The OpenAPI 3.1 document, made from the endpoints and their models."""

import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from gate.service.api.endpoint import Endpoint

_REF = "#/components/schemas/{model}"
_PARAMETER = re.compile(r"\{(\w+)\}")
PATH_PATTERN = "^[A-Za-z0-9_-]{1,64}$"
"""Of every part of a path that is an id."""
_WORDS = {
    "400": "No JSON, or the Idempotency-Key is missing",
    "401": "Nobody is signed in, or the proof is wrong",
    "403": "Not allowed",
    "404": "Not there, or somebody else's",
    "409": "It contradicts what is there",
    "413": "Too large",
    "415": "Not application/json",
    "422": "A field is wrong",
    "429": "Too often from this address; Retry-After says when again",
    "503": "Not now",
}


def document_of(endpoints: Iterable[Endpoint], prefix: str) -> dict[str, Any]:
    """The document, as JSON-able data."""
    every = tuple(endpoints)
    inputs = {model for one in every for model in (one.body,) if model is not None}
    outputs = {one.answer for one in every if one.answer is not None}
    wanted = [(model, "validation") for model in inputs] + [(model, "serialization") for model in outputs]
    wanted.sort(key=lambda one: one[0].__name__)
    _, schemas = models_json_schema(wanted, ref_template=_REF)  # type: ignore[arg-type]
    components: dict[str, Any] = dict(sorted(schemas.get("$defs", {}).items()))
    components["Problem"] = _problem()
    paths: dict[str, Any] = {}
    for endpoint in every:
        paths.setdefault(prefix + endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Licence service",
            "version": "1",
            "description": "Partners, customers, licences and devices. Refusals are `application/problem+json`; "
            "what belongs to others is answered as what is not there.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "portal_session"},
            },
        },
        "tags": [{"name": name} for name in dict.fromkeys(one.tag for one in every)],
    }


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "tags": [endpoint.tag],
        "security": [{"bearer": []}, {"session": []}] if endpoint.signed_in else [],
        "parameters": _parameters(endpoint),
        "responses": _responses(endpoint),
    }
    if endpoint.body is not None:
        schema = {"$ref": _REF.format(model=endpoint.body.__name__)}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return operation


def _parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "pattern": PATH_PATTERN}}
        for name in _PARAMETER.findall(endpoint.path)
    ]
    if endpoint.query is not None:
        found += _query_parameters(endpoint.query)
    if endpoint.once:
        key = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,200}$"}
        found.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "schema": key,
                "description": "Of your choice; asked again with the same key, nothing happens a second time",
            }
        )
    return found


def _query_parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    schema = model.model_json_schema(ref_template=_REF)
    required = set(schema.get("required", ()))
    parameters = []
    for name, plain in schema.get("properties", {}).items():
        choices = [one for one in plain.get("anyOf", [plain]) if one.get("type") != "null"]
        kept = {key: value for key, value in plain.items() if key not in ("anyOf", "title", "default")}
        parameters.append({"name": name, "in": "query", "required": name in required, "schema": kept | choices[0]})
    return parameters


def _responses(endpoint: Endpoint) -> dict[str, Any]:
    success: dict[str, Any] = {"description": "Done"}
    if endpoint.answer is not None:
        schema = {"$ref": _REF.format(model=endpoint.answer.__name__)}
        success["content"] = {"application/json": {"schema": schema}}
    statuses = (
        {str(status) for status in endpoint.refusals} | {"503"} | ({"401", "403"} if endpoint.signed_in else {"401"})
    )
    if endpoint.query is not None or endpoint.body is not None or endpoint.path.endswith("preview"):
        statuses.add("422")
    if endpoint.body is not None:
        statuses |= {"400", "413", "415"}
    if endpoint.once:
        statuses.add("400")
    problem = {"application/problem+json": {"schema": {"$ref": _REF.format(model="Problem")}}}
    refusals = {status: {"description": _WORDS[status], "content": problem} for status in sorted(statuses)}
    return {str(endpoint.status): success} | refusals


def _problem() -> dict[str, Any]:
    field = {
        "type": "object",
        "properties": {"field": {"type": "string"}, "problem": {"type": "string"}},
        "required": ["field", "problem"],
    }
    return {
        "type": "object",
        "description": "RFC 9457. `code` is stable.",
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "code": {"type": "string"},
            "errors": {"type": "array", "items": field},
        },
        "required": ["type", "title", "status", "code"],
    }
