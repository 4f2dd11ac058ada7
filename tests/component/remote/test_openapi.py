"""The remote API's OpenAPI document: it has every route, and what it says of answers is true."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import jsonschema_rs
import pytest
import schemathesis
from aiohttp import ClientSession

from recorder.access.route_table import TABLE
from recorder.record_settings import RecordSettings
from recorder.remote.openapi.document import document
from tests.component.remote.test_recording_route import ModalCamera
from tests.fakes.remote_site import RemoteSite

DOCUMENT = document()
NO_API = {("GET", "/"), ("GET", "/static/{path}")}


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, found in DOCUMENT["paths"].items():
        for method, operation in found.items():
            if method != "parameters":
                yield method.upper(), path, operation


def test_every_route_is_described_and_every_description_has_a_route() -> None:
    assert {(method, path) for method, path, _ in operations()} == set(TABLE) - NO_API


def test_the_document_is_openapi_3_1_that_others_can_read() -> None:
    schema = schemathesis.openapi.from_dict(DOCUMENT)
    assert len(list(schema.get_all_operations())) == len(list(operations()))
    ids = [operation["operationId"] for _, _, operation in operations()]
    assert len(ids) == len(set(ids))


def test_every_reference_leads_somewhere() -> None:
    def look(value: Any) -> None:
        match value:
            case {"$ref": str(ref)}:
                found: Any = DOCUMENT
                for part in ref.removeprefix("#/").split("/"):
                    assert part in found, ref
                    found = found[part]
            case dict():
                for one in value.values():
                    look(one)
            case list():
                for one in value:
                    look(one)

    look(DOCUMENT)


def test_every_operation_says_which_role_it_needs_unless_it_is_open_to_all() -> None:
    for method, path, operation in operations():
        assert ("x-role" in operation) == bool(operation["security"]), (method, path)


def validator(path: str) -> jsonschema_rs.Draft202012Validator:
    """Of what a GET answers."""
    response = DOCUMENT["paths"][path]["get"]["responses"]["200"]
    if "$ref" in response:
        response = DOCUMENT["components"]["responses"][response["$ref"].rpartition("/")[2]]
    schema = response["content"]["application/json"]["schema"]
    return jsonschema_rs.Draft202012Validator(schema | {"components": DOCUMENT["components"]}, validate_formats=True)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/api/v1/state", ""),
        ("/api/v1/cameras", ""),
        ("/api/v1/device", ""),
        ("/api/v1/session", ""),
        ("/api/v1/explain", "?camera=cam1&feature=recording"),
        ("/api/v1/cameras/{camera}/recording", ""),
    ],
)
async def test_answers_are_what_the_document_says(
    site: RemoteSite, client: ClientSession, path: str, query: str
) -> None:
    site.recordings.mode_of("cam1", RecordSettings())
    site.recordings.add("cam1", ModalCamera())
    async with client.get(path.replace("{camera}", "cam1") + query) as answer:
        assert answer.status == 200
        validator(path).validate(await answer.json())


async def test_a_lapsed_site_too(site: RemoteSite, client: ClientSession) -> None:
    site.entitle(site.clock.now() - timedelta(hours=1))
    at = quote((site.clock.now() - timedelta(minutes=1)).isoformat())
    for path in ("/api/v1/state", "/api/v1/explain"):
        async with client.get(f"{path}?camera=cam1&feature=recording&at={at}") as answer:
            validator(path).validate(await answer.json())
    problem = jsonschema_rs.Draft202012Validator(
        {"$ref": "#/components/schemas/Problem", "components": DOCUMENT["components"]}
    )
    async with client.get("/api/v1/device") as answer:
        assert answer.status == 403
        problem.validate(json.loads(await answer.text()))


async def test_the_document_is_served_to_everybody(client: ClientSession) -> None:
    async with client.get("/api/openapi.json") as answer:
        assert answer.status == 200 and answer.content_type == "application/json"
        assert await answer.json() == DOCUMENT
