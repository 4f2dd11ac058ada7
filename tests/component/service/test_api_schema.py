"""The API keeps to its own OpenAPI document, whatever is sent to it (schemathesis)."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import CheckFunction
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from gate.service.api.openapi import document_of
from gate.service.api.serving import ENDPOINTS, PREFIX
from tests.component.service.api_server import ApiServer, api_server

EXAMPLES = 5

schema = schemathesis.openapi.from_dict(document_of(ENDPOINTS, PREFIX))

_CHECKS: list[CheckFunction] = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


@pytest.fixture(scope="module")
def server(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    folder = tmp_path_factory.mktemp("api")
    shutil.copyfile(sqlite_template, folder / "service.db")
    with api_server(f"sqlite+aiosqlite:///{folder / 'service.db'}", folder) as serving:
        yield serving


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as kept:
        yield kept


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_answers_are_what_the_document_says(
    case: schemathesis.Case, server: ApiServer, session: requests.Session
) -> None:
    roles = sorted(server.tokens)
    role = roles[len(f"{case.body}{case.query}{case.path_parameters}") % len(roles)]
    answer = case.call_and_validate(base_url=server.url, headers=server.headers(role), checks=_CHECKS, session=session)
    assert answer.status_code < 500
