"""The JSON API: who may, what is sent, once only, and devices that speak HTTP."""

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import text

from gate.licence.entitlement import parse_payload
from gate.service.operations.accounts import accept_terms, actor_of, user_by_email
from gate.service.operations.sessions import open_session
from gate.service.portal.terms import TERMS_VERSION
from gate.service.seed import CUSTOMER
from gate.sign_in.tokens import hash_of, new_token
from gate.signing.device_label import text_of
from gate.signing.envelope import open_sealed
from gate.signing.issuer import open_issuer
from gate.signing.time_answer import open_time
from tests.component.service.api_server import ApiServer, api_server
from tests.component.service.site import NOON

LIMIT_SECONDS = 10


@pytest.fixture
def server(service_database: str, tmp_path: Path) -> Iterator[ApiServer]:
    with api_server(service_database, tmp_path) as serving:
        yield serving


def _ask(
    server: ApiServer, role: str | None, method: str, path: str, body: Any = None, **headers: str
) -> tuple[int, Any]:
    sent = headers if role is None else server.headers(role) | headers
    answer = requests.request(
        method, f"{server.url}/api/v1{path}", json=body, headers=sent, timeout=LIMIT_SECONDS, allow_redirects=False
    )
    return answer.status_code, answer.json() if answer.content else None


def _customer(server: ApiServer) -> str:
    _, found = _ask(server, "partner", "GET", "/customers")
    return str(found["customers"][0]["id"])


def test_nobody_gets_in_without_a_token_and_wrong_ones_are_told_alike(server: ApiServer) -> None:
    answers = [
        requests.get(f"{server.url}/api/v1/customers", headers=headers, timeout=LIMIT_SECONDS)
        for headers in (
            {},
            {"Authorization": "Bearer wrong"},
            {"Authorization": "Basic eDp5"},
            {"Cookie": "portal_session=x"},
        )
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert {answer.json()["code"] for answer in answers} == {"NOT_SIGNED_IN"}
    assert {answer.headers["WWW-Authenticate"] for answer in answers} == {"Bearer"}
    assert {answer.headers["Content-Type"].partition(";")[0] for answer in answers} == {"application/problem+json"}


def test_a_browsers_session_counts_with_its_form_token_and_after_the_terms(server: ApiServer) -> None:
    async def signed_in() -> tuple[str, str]:
        token, form = new_token(), new_token()
        async with server.store.begin() as tx:
            user = await user_by_email(tx, CUSTOMER.email)
            assert user is not None
            await open_session(tx, user.id, hash_of(token), form, NOON, address="127.0.0.1", agent="test")
        return token, form

    async def accept() -> None:
        async with server.store.begin() as tx:
            user = await user_by_email(tx, CUSTOMER.email)
            assert user is not None
            await accept_terms(tx, actor_of(user), TERMS_VERSION, NOON)

    token, form = server.run(signed_in())
    cookie = {"Cookie": f"portal_session={token}"}
    assert _ask(server, None, "GET", "/me", **cookie)[1]["code"] == "TERMS_NOT_ACCEPTED"
    server.run(accept())
    assert _ask(server, None, "GET", "/me", **cookie)[1]["role"] == "customer"
    body = {"code": "ABCD-EFGH-JKMN"}
    assert _ask(server, None, "POST", "/devices", body, **cookie)[1]["code"] == "NOT_SIGNED_IN"
    with_form = cookie | {"X-Form-Token": form}
    assert _ask(server, None, "POST", "/devices", body, **with_form)[1]["code"] == "UNKNOWN_CODE"


def test_problems_are_in_the_readers_language(server: ApiServer) -> None:
    status, english = _ask(server, None, "GET", "/me", **{"Accept-Language": "en-GB,ja;q=0.5"})
    assert (status, english["title"]) == (401, "Sign in: a bearer token or a session is needed.")
    assert _ask(server, None, "GET", "/me", **{"Accept-Language": "fr"})[1]["title"].startswith("サインイン")


def test_an_allocation_without_a_key_is_not_made_and_with_one_only_once(server: ApiServer) -> None:
    body = {"customer": _customer(server), "kind": "edge", "months": 36}
    assert _ask(server, "partner", "POST", "/allocations", body)[1]["code"] == "KEY_NEEDED"
    first = _ask(server, "partner", "POST", "/allocations", body, **{"Idempotency-Key": "form-1"})
    again = _ask(server, "partner", "POST", "/allocations", body, **{"Idempotency-Key": "form-1"})
    assert first[0] == 201 and first == again and first[1]["stock_left"] == 9
    other = _ask(server, "partner", "POST", "/allocations", body | {"months": 60}, **{"Idempotency-Key": "form-1"})
    assert (other[0], other[1]["code"]) == (409, "KEY_REUSED")
    _, stock = _ask(server, "partner", "GET", "/stock")
    assert {(line["kind"], line["months"]): line["quantity"] for line in stock["lines"]}["edge", 36] == 9


def test_two_who_allocate_the_last_one_at_once_get_an_answer_and_a_conflict(server: ApiServer) -> None:
    body = {"customer": _customer(server), "kind": "edge", "months": 60, "quantity": 5}
    answers: list[tuple[int, Any]] = []

    def take(key: str) -> None:
        answers.append(_ask(server, "partner", "POST", "/allocations", body, **{"Idempotency-Key": key}))

    threads = [threading.Thread(target=take, args=(key,)) for key in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(status for status, _ in answers) == [201, 409]
    assert next(content for status, content in answers if status == 409)["code"] == "NO_STOCK"


def test_a_body_of_ten_megabytes_is_refused_and_nothing_changes(server: ApiServer) -> None:
    before = _ask(server, "partner", "GET", "/audit")[1]["audit"][0]["id"]
    body = {"email": "x@example.com", "name": "x" * 10_000_000}
    status, problem = _ask(server, "partner", "POST", "/customers", body)
    assert (status, problem["code"]) == (413, "HTTP_413")
    assert _ask(server, "partner", "GET", "/audit")[1]["audit"][0]["id"] == before


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b"{", "application/json", 400, "NOT_JSON"),
        (b"\xff\xfe", "application/json", 400, "NOT_JSON"),
        (b"[" * 100_000, "application/json", 400, "NOT_JSON"),
        (b"[]", "application/json", 422, "INVALID"),
        (b'{"email": "a@b.example", "name": "a\\u0000b"}', "application/json", 422, "INVALID"),
        (b'{"email": "a@b.example", "name": "a", "role": "operator"}', "application/json", 422, "INVALID"),
        (b'{"email": "nobody", "name": "a"}', "application/json", 422, "INVALID"),
        (b"email=a%40b.example&name=a", "application/x-www-form-urlencoded", 415, "HTTP_415"),
    ],
)
def test_what_is_not_as_it_should_be_is_named(
    server: ApiServer, content: bytes, kind: str, status: int, code: str
) -> None:
    headers = server.headers("partner") | {"Content-Type": kind}
    answer = requests.post(f"{server.url}/api/v1/customers", data=content, headers=headers, timeout=LIMIT_SECONDS)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_database_that_fails_is_not_told_about_in_detail(server: ApiServer, caplog: pytest.LogCaptureFixture) -> None:
    async def drop() -> None:
        async with server.store.begin() as tx:
            await tx.execute(text("ALTER TABLE stock RENAME TO elsewhere"))

    async def bring_back() -> None:
        async with server.store.begin() as tx:
            await tx.execute(text("ALTER TABLE elsewhere RENAME TO stock"))

    server.run(drop())
    status, problem = _ask(server, "partner", "GET", "/stock")
    server.run(bring_back())
    assert (status, problem["code"]) == (503, "UNAVAILABLE") and "stock" not in problem["title"]
    assert re.search(r"no such table: stock|relation .stock. does not exist", caplog.text)
    assert "SELECT" not in caplog.text


def test_unknown_paths_and_methods_are_problems_too(server: ApiServer) -> None:
    for path in (
        "/nothing/here",
        "/customers/%00",
        "/customers/a%0Ab",
        "/customers/%F0%9F%98%80",
        "/devices/..%2F..%2Fetc",
    ):
        assert _ask(server, "partner", "GET", path)[0] == 404, path
    assert _ask(server, "partner", "GET", "/customers?search=%00")[0] == 422
    assert requests.get(f"{server.url}/customers/%00", timeout=LIMIT_SECONDS).status_code == 404
    status, problem = _ask(server, "partner", "DELETE", "/me")
    assert (status, problem["code"]) == (405, "HTTP_405")


def test_another_partners_customer_is_not_there(server: ApiServer) -> None:
    one = _customer(server)
    for method, path, body in (
        ("GET", f"/customers/{one}", None),
        ("PATCH", f"/customers/{one}", {"name": "mine now"}),
        ("GET", f"/licences?customer={one}", None),
        ("GET", f"/devices?customer={one}", None),
        ("GET", f"/history?customer={one}", None),
        ("GET", f"/reminders?customer={one}", None),
        ("GET", f"/allocations/preview?customer={one}&months=12", None),
    ):
        foreign = _ask(server, "secondary", method, path, body)
        nobody = _ask(server, "secondary", method, path.replace(one, "nobody"), body)
        assert foreign[0] == nobody[0] == 404 and foreign[1]["code"] == nobody[1]["code"] == "UNKNOWN_CUSTOMER"
    assert _ask(server, "secondary", "GET", "/customers")[1] == {"customers": []}


def test_a_mailed_password_is_in_the_waiting_mail_alone(server: ApiServer) -> None:
    status, added = _ask(server, "partner", "POST", "/customers", {"email": "new@example.com", "name": "New"})
    assert status == 201 and added["user"]["password_origin"] == "mailed" and added["user"]["password_deadline"]
    (mail,) = _ask(server, "partner", "GET", "/mails")[1]["mails"]
    assert (mail["kind"], mail["recipient"], mail["state"]) == ("account_created", "new@example.com", "waiting")
    everything = json.dumps([mail, added, _ask(server, "partner", "GET", "/audit")[1]])
    assert "password_hash" not in everything and "secrets" not in everything


def test_a_device_that_speaks_http_is_told_what_it_may_do_once_it_has_an_owner(
    server: ApiServer, tmp_path: Path
) -> None:
    label, identity = server.site.label()

    def ask(nonce: str | None = None) -> tuple[int, Any]:
        challenge = _ask(server, None, "POST", "/device/challenge")[1]["challenge"]
        body = {
            "label": text_of(label),
            "name": "shop",
            "cameras": [{"id": "cam1", "name": "Door"}],
            "challenge": challenge,
            "proof": identity.prove(bytes.fromhex(challenge)).hex(),
            "boot_id": "boot-1",
            "nonce": nonce,
        }
        return _ask(server, None, "POST", "/device/entitlement", body)

    status, told = ask()
    assert (status, told["registered"], told["entitlement"]) == (200, False, None)
    status, added = _ask(server, "customer", "POST", "/devices", {"code": label.code})
    assert status == 201 and added["cameras"][0]["name"] == "Door"
    _, licensing = _ask(server, "customer", "GET", "/licences")
    licence = licensing["licences"][0]["licence"]["id"]
    target = {"device": added["id"], "camera": "cam1"}
    assert _ask(server, "customer", "POST", f"/licences/{licence}/bind", target)[1]["state"] == "active"
    nonce = "ab" * 32
    _, told = ask(nonce)
    keys = open_issuer(tmp_path).known_keys()
    entitlement = parse_payload(open_sealed(json.dumps(told["entitlement"]).encode(), keys).payload)
    assert entitlement.device_id == added["id"] and len(entitlement.spans("cam1")) == 1
    assert open_time(json.dumps(told["time"]).encode(), added["id"], keys).nonce == bytes.fromhex(nonce)


def test_a_device_cannot_use_a_challenge_twice_nor_anothers_key(server: ApiServer) -> None:
    label, _ = server.site.label()
    _, stranger = server.site.label()
    challenge = _ask(server, None, "POST", "/device/challenge")[1]["challenge"]
    body = {
        "label": text_of(label),
        "name": "shop",
        "cameras": [],
        "challenge": challenge,
        "proof": stranger.prove(bytes.fromhex(challenge)).hex(),
        "boot_id": "boot-1",
    }
    assert _ask(server, None, "POST", "/device/entitlement", body)[1]["code"] == "NO_PROOF"
    assert _ask(server, None, "POST", "/device/entitlement", body)[1]["code"] == "STALE_CHALLENGE"


def test_the_document_is_openapi_3_1_and_names_every_route(server: ApiServer) -> None:
    document = requests.get(f"{server.url}/api/openapi.json", timeout=LIMIT_SECONDS).json()
    assert document["openapi"].startswith("3.1")
    names = [one["operationId"] for path in document["paths"].values() for one in path.values()]
    assert len(names) == len(set(names)) and {"allocate", "registerDevice", "askEntitlement"} <= set(names)
