"""Refusals and errors as RFC 9457 problem objects (`application/problem+json`)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from gate.licence.text import Language, Text
from gate.service.operations.refusals import Refusal

ERRORS_SHOWN_MAX = 20

_OWN: Mapping[str, tuple[int, Text]] = {
    "TOO_OFTEN": (
        429,
        Text(
            ja="この接続元からの要求が多すぎます。しばらくしてからもう一度お試しください。",
            en="Too many requests come from this address; try again in a while.",
        ),
    ),
    "NOT_SIGNED_IN": (
        401,
        Text(
            ja="サインインしてください。APIトークン、またはセッションが必要です。",
            en="Sign in: a bearer token or a session is needed.",
        ),
    ),
    "INVALID": (422, Text(ja="内容に誤りがあります。", en="What was sent is not as it should be.")),
    "NOT_JSON": (400, Text(ja="JSONとして読み取れません。", en="What was sent is no JSON object.")),
    "KEY_NEEDED": (
        400,
        Text(
            ja="ヘッダー Idempotency-Key が必要です。",
            en="The header Idempotency-Key is needed, of 1 to 200 characters.",
        ),
    ),
    "INTERNAL": (500, Text(ja="サービスで問題が起きました。", en="Something went wrong in the service.")),
    "UNAVAILABLE": (
        503,
        Text(
            ja="いまは処理できません。少し待って、もう一度お試しください。",
            en="This cannot be done now; try again in a moment.",
        ),
    ),
}
_HTTP: Mapping[int, Text] = {
    400: Text(ja="要求の形式に誤りがあります。", en="This is no proper request."),
    404: Text(ja="見つかりません。", en="There is nothing here."),
    405: Text(ja="この方法は使えません。", en="This cannot be done here."),
    413: Text(ja="送られた内容が大きすぎます。", en="What was sent is too large."),
    415: Text(ja="application/json で送ってください。", en="Send application/json."),
}


def of_refusal(refusal: Refusal, language: Language) -> web.Response:
    """What an operation refused."""
    return _problem(refusal.status, refusal.code, refusal.text, language)


def own(code: str, language: Language, errors: Sequence[Mapping[str, Any]] = ()) -> web.Response:
    """A problem of this API itself. `errors`: fields that are wrong, each with `field` and `problem`."""
    status, text = _OWN[code]
    response = _problem(status, code, text, language, errors)
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def of_http(status: int, language: Language) -> web.Response:
    """An HTTP error without a code of ours."""
    text = _HTTP.get(status) or _OWN["INTERNAL"][1]
    return _problem(status, f"HTTP_{status}", text, language)


def language_of(request: web.Request) -> Language:
    """Japanese, unless English is asked for first."""
    for part in request.headers.get("Accept-Language", "").lower().split(","):
        if part.strip().startswith("ja"):
            return "ja"
        if part.strip().startswith("en"):
            return "en"
    return "ja"


def _problem(
    status: int, code: str, text: Text, language: Language, errors: Sequence[Mapping[str, Any]] = ()
) -> web.Response:
    content: dict[str, Any] = {
        "type": f"urn:edge-recorder:problem:{code}",
        "title": text.in_language(language),
        "status": status,
        "code": code,
    }
    if errors:
        content["errors"] = list(errors)[:ERRORS_SHOWN_MAX]
    return web.Response(
        text=json.dumps(content, ensure_ascii=False),
        status=status,
        content_type="application/problem+json",
        headers={"Content-Language": language},
    )
