"""The one table from denial codes to words, HTTP status and WebSocket close."""

from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any

from gate.licence.decision import DenialCode, Denied
from gate.licence.text import Language, Text

CLOSE_REASON_BYTES_MAX = 123
"""RFC 6455 section 5.5: a control frame carries 125 bytes, two of them the code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DenialRow:
    """`detail` may name {feature}, {subject} (the camera or the recorder) and {since} (empty where it is not known)."""

    title: Text
    detail: Text
    remedy: Text
    http_status: int = 403
    websocket_code: int = 4403
    websocket_reason: str


_ASSIGN = Text(
    ja="販売店に連絡し、このカメラにライセンスを割り当ててください。割り当てると再起動なしで復旧します。",
    en="Ask your dealer to assign a licence to this camera. Everything comes back at once, without a restart.",
)

TABLE = {
    DenialCode.EXPIRED: DenialRow(
        title=Text(ja="ライセンスの有効期限が切れています", en="The licence has expired"),
        detail=Text(
            ja="{subject}のライセンスは{since}に期限切れとなりました。{feature}は停止しています。",
            en="The licence of {subject} expired at {since}. {feature} has stopped.",
        ),
        remedy=_ASSIGN,
        websocket_reason="licence_expired",
    ),
    DenialCode.NOT_LICENSED: DenialRow(
        title=Text(ja="ライセンスがありません", en="There is no licence"),
        detail=Text(
            ja="{subject}に有効なライセンスが割り当てられていません。{feature}は利用できません。",
            en="No licence covers {subject}. {feature} is not available.",
        ),
        remedy=_ASSIGN,
        websocket_reason="not_licensed",
    ),
    DenialCode.UNREGISTERED: DenialRow(
        title=Text(ja="レコーダーが登録されていません", en="The recorder is not registered"),
        detail=Text(
            ja="このレコーダーにはライセンス情報がまだありません。{feature}は利用できません。",
            en="This recorder has no licence information yet. {feature} is not available.",
        ),
        remedy=Text(
            ja="ライセンスサービスのポータルでこのレコーダーを登録するか、"
            "このレコーダー用のライセンスファイルを発行し、設定された場所に置いてください。",
            en="Register this recorder in the licence service's portal, or issue a licence file for it and put it "
            "where the configuration says.",
        ),
        websocket_reason="unregistered",
    ),
    DenialCode.WRONG_KIND: DenialRow(
        title=Text(ja="ライセンスの種類が違います", en="The licence is of another kind"),
        detail=Text(
            ja="{subject}のライセンスはこの機器の種類のものではありません。{feature}は利用できません。",
            en="The licence of {subject} is not of this device's kind. {feature} is not available.",
        ),
        remedy=Text(
            ja="販売店に連絡し、この機器の種類のライセンスを割り当ててください。",
            en="Ask your dealer to assign a licence of this device's kind.",
        ),
        websocket_reason="wrong_kind",
    ),
    DenialCode.REVOKED: DenialRow(
        title=Text(ja="ライセンスが取り消されました", en="The licence was revoked"),
        detail=Text(
            ja="{subject}のライセンスは取り消されました。{feature}は停止しています。",
            en="The licence of {subject} was revoked. {feature} has stopped.",
        ),
        remedy=_ASSIGN,
        websocket_reason="revoked",
    ),
    DenialCode.STALE: DenialRow(
        title=Text(ja="ライセンス情報が古くなっています", en="The licence information is out of date"),
        detail=Text(
            ja="このレコーダーのライセンス情報は{since}以降更新されていません。{feature}は停止しています。",
            en="This recorder's licence information has been out of date since {since}. {feature} has stopped.",
        ),
        remedy=Text(
            ja="ライセンスサービスへの接続を確認するか、新しいライセンスファイルを置いてください。",
            en="Check the connection to the licence service, or put a new licence file in place.",
        ),
        websocket_reason="stale",
    ),
    DenialCode.CLOCK_UNTRUSTED: DenialRow(
        title=Text(ja="時計が正しくありません", en="The clock cannot be right"),
        detail=Text(
            ja="このレコーダーの時計は、ライセンスの発行時刻や確認済みの時刻と矛盾しています。{feature}は停止しています。",
            en="This recorder's clock contradicts its licence's time of issue or a time that was confirmed. "
            "{feature} has stopped.",
        ),
        remedy=Text(
            ja="レコーダーの時計を合わせてください。巻き戻された場合は、合わせてから再起動してください。",
            en="Set the recorder's clock right; if it had been set back, restart the machine then.",
        ),
        websocket_reason="clock_untrusted",
    ),
    DenialCode.REPLAYED: DenialRow(
        title=Text(ja="古いライセンスが使われています", en="An older licence was put back"),
        detail=Text(
            ja="以前のライセンスファイルが再び使われました。{feature}は利用できません。",
            en="A licence file that had been replaced was put back. {feature} is not available.",
        ),
        remedy=Text(ja="最新のライセンスファイルを置いてください。", en="Put the newest licence file in place."),
        websocket_reason="replayed",
    ),
}


def problem(denied: Denied, language: Language, zone: tzinfo = UTC) -> dict[str, Any]:
    """The refusal as an RFC 9457 problem object. Times inside `detail` are shown in `zone`."""
    row = TABLE[denied.code]
    camera = denied.camera
    subject = (
        Text(ja=f"カメラ {camera} ", en=f"camera {camera}") if camera else Text(ja="このレコーダー", en="this recorder")
    )
    since = f" {denied.since.astimezone(zone):%Y-%m-%d %H:%M:%S %Z} " if denied.since else ""
    detail = row.detail.in_language(language).format(
        feature=denied.feature.title.in_language(language),
        subject=subject.in_language(language),
        since=since if language == "ja" else since.strip(),
    )
    return {
        "type": f"urn:edge-recorder:denial:{denied.code.value}",
        "title": row.title.in_language(language),
        "status": row.http_status,
        "detail": detail,
        "code": denied.code.value,
        "feature": denied.feature.value,
        "camera": camera,
        "since": denied.since.isoformat() if denied.since else None,
        "remedy": row.remedy.in_language(language),
    }
