"""What the relay itself answers instead of a device: problem objects (RFC 9457) as the recorder's own."""

import json
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from gate.licence.text import Language, Text

Problem = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    status: int
    close_code: int
    title: Text
    remedy: Text


_ROWS = {
    "signed_out": _Row(
        status=401,
        close_code=4401,
        title=Text(ja="サインインしていません", en="You are not signed in"),
        remedy=Text(ja="ポータルにサインインしてください。", en="Sign in to the portal."),
    ),
    "not_by_proxy": _Row(
        status=403,
        close_code=4401,
        title=Text(ja="代理ログインでは映像を見られません", en="Video is not shown by proxy"),
        remedy=Text(ja="映像はお客さまご本人だけが見られます。", en="Only the customer itself sees its video."),
    ),
    "terms_not_accepted": _Row(
        status=403,
        close_code=4401,
        title=Text(ja="利用規約に同意していません", en="The terms of use are not accepted"),
        remedy=Text(
            ja="ポータルを開き、利用規約に同意してください。", en="Open the portal and accept the terms of use."
        ),
    ),
    "view_only": _Row(
        status=403,
        close_code=4401,
        title=Text(ja="閲覧だけができる利用者です", en="You may only view"),
        remedy=Text(ja="契約者のアカウントで操作してください。", en="The account of the customer itself may do this."),
    ),
    "device_unknown": _Row(
        status=404,
        close_code=4404,
        title=Text(ja="レコーダーがありません", en="No such recorder"),
        remedy=Text(ja="ポータルの機器一覧から開いてください。", en="Open it from the portal's list of devices."),
    ),
    "access_revoked": _Row(
        status=403,
        close_code=4401,
        title=Text(ja="このレコーダーを見る権限がなくなりました", en="You may no longer see this recorder"),
        remedy=Text(ja="ポータルの機器一覧を確認してください。", en="See the portal's list of devices."),
    ),
    "device_away": _Row(
        status=503,
        close_code=4503,
        title=Text(ja="レコーダーがサービスに接続していません", en="The recorder is not connected to the service"),
        remedy=Text(
            ja="レコーダーの電源とネットワークを確認してください。接続されると自動的に再開します。",
            en="Check the recorder's power and network. Viewing goes on by itself once it is back.",
        ),
    ),
    "too_many_connections": _Row(
        status=503,
        close_code=4409,
        title=Text(ja="同時に開いている画面が多すぎます", en="Too many views are open"),
        remedy=Text(ja="ほかの画面を閉じてから、もう一度お試しください。", en="Close other views and try again."),
    ),
    "origin_refused": _Row(
        status=403,
        close_code=4401,
        title=Text(ja="別のサイトからは接続できません", en="Refused to another site's page"),
        remedy=Text(ja="ポータルから開いてください。", en="Open it from the portal."),
    ),
    "method_not_allowed": _Row(
        status=405,
        close_code=4404,
        title=Text(ja="このメソッドは使えません", en="Method not allowed"),
        remedy=Text(ja="アドレスを確認してください。", en="Check the address."),
    ),
    "too_large": _Row(
        status=413,
        close_code=4404,
        title=Text(ja="送信内容が大きすぎます", en="What was sent is too large"),
        remedy=Text(ja="内容を減らしてください。", en="Send less."),
    ),
    "restart": _Row(
        status=503,
        close_code=1012,
        title=Text(ja="サービスを終了しています", en="The service is stopping"),
        remedy=Text(ja="再起動後に自動的に再接続されます。", en="Pages reconnect by themselves once it is back."),
    ),
    "device_misbehaved": _Row(
        status=502,
        close_code=4503,
        title=Text(ja="レコーダーの応答が正しくありません", en="The recorder answered in a wrong way"),
        remedy=Text(
            ja="レコーダーを再起動してください。続く場合は販売店に連絡してください。",
            en="Restart the recorder; if it goes on, tell your dealer.",
        ),
    ),
}


def relay_problem(code: str, language: Language) -> Problem:
    """The object for one of the codes above."""
    row = _ROWS[code]
    title = row.title.in_language(language)
    return {
        "type": f"urn:edge-recorder:problem:{code}",
        "title": title,
        "status": row.status,
        "detail": title,
        "code": code,
        "remedy": row.remedy.in_language(language),
    }


def close_code_of(code: str) -> int:
    """With what a WebSocket ends for that reason."""
    return _ROWS[code].close_code


def problem_response(problem: Problem) -> web.Response:
    """The HTTP answer. Never cached: the reason may be gone the next second."""
    return web.Response(
        status=int(problem["status"]),
        text=json.dumps(problem, ensure_ascii=False),
        content_type="application/problem+json",
        headers={"Cache-Control": "no-store"},
    )
