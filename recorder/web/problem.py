"""Errors as problem objects (RFC 9457): the recorder's own; those of licences come from gate.licence.denials."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from aiohttp import web

from gate.licence.text import Language, Text

Problem = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One code: its status and words."""

    status: int
    title: Text
    remedy: Text


_ROWS = {
    "camera_unknown": Row(
        status=404,
        title=Text(ja="カメラがありません", en="No such camera"),
        remedy=Text(
            ja="このレコーダーに登録されているカメラは /api/v1/cameras で確認できます。",
            en="See /api/v1/cameras for the cameras of this recorder.",
        ),
    ),
    "stream_unknown": Row(
        status=404,
        title=Text(ja="ストリームがありません", en="No such stream"),
        remedy=Text(
            ja="main、またはカメラに設定されていれば sub を指定してください。",
            en="Ask for main, or for sub where the camera has one.",
        ),
    ),
    "feature_unknown": Row(
        status=400,
        title=Text(ja="機能名が正しくありません", en="No such feature"),
        remedy=Text(
            ja="feature には hdmi_live、remote_live、recording などを指定してください。",
            en="Give feature as hdmi_live, remote_live, recording or another of the features' ids.",
        ),
    ),
    "instant_malformed": Row(
        status=400,
        title=Text(ja="時刻の形式が正しくありません", en="This is no instant"),
        remedy=Text(
            ja="at には 2027-01-01T00:00:00+09:00 のように、UTC からの差を付けて指定してください。",
            en="Give at as 2027-01-01T00:00:00+09:00, with its offset from UTC.",
        ),
    ),
    "recording_malformed": Row(
        status=400,
        title=Text(ja="録画設定が正しくありません", en="These are no recording settings"),
        remedy=Text(
            ja="mode には continuous、event、schedule、off のいずれかを指定してください。",
            en="Give mode as continuous, event, schedule or off, with the fields that configs/recorder.yaml explains.",
        ),
    ),
    "control_malformed": Row(
        status=400,
        title=Text(ja="プリセットの指定が正しくありません", en="This names no preset"),
        remedy=Text(
            ja='{"preset": "1"} のように、presets にある token を指定してください。',
            en='Give {"preset": "1"}, with a token that is among the presets.',
        ),
    ),
    "camera_refused": Row(
        status=502,
        title=Text(ja="カメラが要求に応じません", en="The camera does not do it"),
        remedy=Text(
            ja="カメラの ONVIF のアドレス、ユーザー、パスワードと、カメラの電源を確認してください。",
            en="Check the camera's ONVIF address, user and password, and whether it is switched on.",
        ),
    ),
    "recording_not_kept": Row(
        status=503,
        title=Text(ja="録画設定は有効ですが、保存できませんでした", en="In force, but it could not be saved"),
        remedy=Text(
            ja="再起動すると元に戻ります。ディスクの空き容量を確認してください。",
            en="A restart undoes it: check the disk that data_dir lies on, then change it again.",
        ),
    ),
    "config_refused": Row(
        status=422,
        title=Text(ja="設定ファイルに誤りがあります", en="The configuration file cannot be used"),
        remedy=Text(
            ja="これまでの設定で動作を続けています。ファイルを修正してから、もう一度実行してください。",
            en="What was in force stays so. Mend the file, then ask again.",
        ),
    ),
    "range_malformed": Row(
        status=400,
        title=Text(ja="期間の指定が正しくありません", en="This is no range of time"),
        remedy=Text(
            ja="from と to を 2027-01-01T00:00:00+09:00 のように指定してください。to は from より後です。",
            en="Give from and to as 2027-01-01T00:00:00+09:00, to later than from: a day of footage at most.",
        ),
    ),
    "no_footage": Row(
        status=404,
        title=Text(ja="この期間の録画はありません", en="There is no footage of this time"),
        remedy=Text(
            ja="/timeline で録画のある期間を確認してください。",
            en="See /timeline for the times that there is footage of.",
        ),
    ),
    "no_thumbnail": Row(
        status=404,
        title=Text(ja="このイベントの画像はありません", en="There is no picture of this event"),
        remedy=Text(
            ja="録画のあるイベントと、始まったばかりのイベントだけに画像があります。",
            en="Only events that were recorded, or that have just begun, have one.",
        ),
    ),
    "events_malformed": Row(
        status=400,
        title=Text(ja="イベントの検索条件が正しくありません", en="Events cannot be searched like this"),
        remedy=Text(
            ja="from、to は 2027-01-01T00:00:00+09:00 のような時刻、camera と kind はコンマ区切りで指定してください。",
            en="Give from and to as 2027-01-01T00:00:00+09:00, camera and kind as lists with commas.",
        ),
    ),
    "event_malformed": Row(
        status=400,
        title=Text(ja="イベントの形式が正しくありません", en="This is no event"),
        remedy=Text(
            ja='本文なし、または {"kind": "person", "detail": "玄関"} のような JSON を送ってください。',
            en='Send no body, or JSON like {"kind": "person", "detail": "door"}.',
        ),
    ),
    "protection_refused": Row(
        status=400,
        title=Text(ja="録画を保護できません", en="This footage cannot be protected"),
        remedy=Text(
            ja="録画のあるカメラと、start_utc_ns より後の end_utc_ns を指定してください。",
            en="Give a camera that has footage, and an end_utc_ns later than start_utc_ns.",
        ),
    ),
    "not_found": Row(
        status=404,
        title=Text(ja="見つかりません", en="Not found"),
        remedy=Text(
            ja="アドレスを確認してください。",
            en="Check the address.",
        ),
    ),
    "method_not_allowed": Row(
        status=405,
        title=Text(ja="このメソッドは使えません", en="Method not allowed"),
        remedy=Text(
            ja="Allow ヘッダーにあるメソッドを使ってください。",
            en="Use one of the methods in the Allow header.",
        ),
    ),
    "upgrade_required": Row(
        status=426,
        title=Text(ja="WebSocket が必要です", en="A WebSocket is needed"),
        remedy=Text(
            ja="このアドレスには WebSocket で接続してください。",
            en="Connect to this address with a WebSocket.",
        ),
    ),
    "host_refused": Row(
        status=421,
        title=Text(ja="この名前ではアクセスできません", en="Not served under this name"),
        remedy=Text(
            ja="localhost、IP アドレス、または設定の remote.names にある名前でアクセスしてください。",
            en="Use localhost, its address in digits, or a name that the configuration has in remote.names.",
        ),
    ),
    "origin_refused": Row(
        status=403,
        title=Text(ja="別のサイトからは接続できません", en="Refused to another site's page"),
        remedy=Text(
            ja="レコーダー自身のページから接続してください。",
            en="Connect from the recorder's own page.",
        ),
    ),
    "too_many_viewers": Row(
        status=503,
        title=Text(ja="視聴者が多すぎます", en="Too many viewers"),
        remedy=Text(
            ja="ほかの画面を閉じてから、もう一度お試しください。",
            en="Close other views and try again.",
        ),
    ),
    "no_picture": Row(
        status=503,
        title=Text(ja="カメラの映像が届いていません", en="No picture from the camera"),
        remedy=Text(
            ja="カメラの電源とネットワークを確認してください。",
            en="Check the camera's power and network.",
        ),
    ),
    "undecodable": Row(
        status=503,
        title=Text(ja="映像を静止画にできません", en="The picture could not be decoded"),
        remedy=Text(
            ja="しばらくしてから、もう一度お試しください。",
            en="Try again in a moment.",
        ),
    ),
    "restart": Row(
        status=503,
        title=Text(ja="レコーダーを終了しています", en="The recorder is stopping"),
        remedy=Text(
            ja="再起動後に自動的に再接続されます。",
            en="Pages reconnect by themselves once it is back.",
        ),
    ),
    "internal_error": Row(
        status=500,
        title=Text(ja="レコーダーの内部エラー", en="Internal error"),
        remedy=Text(
            ja="レコーダーのログを確認してください。",
            en="See the recorder's log.",
        ),
    ),
}


def own_problem(code: str, language: Language, *, camera: str | None = None, status: int | None = None) -> Problem:
    """The problem object of one of the recorder's own codes. `status` overrides the usual one."""
    return problem_of(code, _ROWS[code], language, camera=camera, status=status)


def problem_of(
    code: str, row: Row, language: Language, *, camera: str | None = None, status: int | None = None
) -> Problem:
    """The problem object of a row, for parts that have rows of their own."""
    title = row.title.in_language(language)
    return {
        "type": f"urn:edge-recorder:problem:{code}",
        "title": title,
        "status": status or row.status,
        "detail": f"{title}: {camera}" if camera else title,
        "code": code,
        "camera": camera,
        "remedy": row.remedy.in_language(language),
    }


def http_problem(status: int, language: Language) -> Problem:
    """For an error that aiohttp found (a bad header, a body too large, …)."""
    by_status = {404: "not_found", 405: "method_not_allowed", 426: "upgrade_required", 500: "internal_error"}
    if status in by_status:
        return own_problem(by_status[status], language)
    title = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Error"
    return {"type": "about:blank", "title": title, "status": status, "detail": title, "code": f"http_{status}"}


def problem_response(problem: Problem, headers: Mapping[str, str] | None = None) -> web.Response:
    """The HTTP answer for a problem. Never cached: a licence may be back the next second."""
    return web.Response(
        status=int(problem["status"]),
        text=json.dumps(problem, ensure_ascii=False),
        content_type="application/problem+json",
        headers={**(headers or {}), "Cache-Control": "no-store"},
    )
