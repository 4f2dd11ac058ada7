"""Why an operation was refused: a value with a stable code, one sentence in each language and an HTTP status.

Whatever is refused has changed nothing, but for its row in the audit where that matters. Refusals of the licence rules
(`gate.licence.refusals`) keep their codes and words. What is another organisation's is answered as what is not there.
"""

import enum
from dataclasses import dataclass

from gate.licence.refusals import RefusalCode, Refused
from gate.licence.text import Text


class ServiceCode(enum.Enum):
    """Codes beside those of `gate.licence.refusals.RefusalCode`. Values are stable."""

    NOT_ALLOWED = "NOT_ALLOWED"
    NOT_BY_PROXY = "NOT_BY_PROXY"
    PROXY_OVER = "PROXY_OVER"
    TERMS_NOT_ACCEPTED = "TERMS_NOT_ACCEPTED"
    EMAIL_TAKEN = "EMAIL_TAKEN"
    UNKNOWN_EMAIL = "UNKNOWN_EMAIL"
    UNKNOWN_USER = "UNKNOWN_USER"
    UNKNOWN_CODE = "UNKNOWN_CODE"
    UNREADABLE_QR = "UNREADABLE_QR"
    REGISTERED_ELSEWHERE = "REGISTERED_ELSEWHERE"
    TAKEN_CODE = "TAKEN_CODE"
    STRANGE_ID = "STRANGE_ID"
    NO_PROOF = "NO_PROOF"
    STALE_CHALLENGE = "STALE_CHALLENGE"
    NOT_REGISTERED = "NOT_REGISTERED"
    KEY_REUSED = "KEY_REUSED"
    IN_THE_PAST = "IN_THE_PAST"
    TOO_FAR_AHEAD = "TOO_FAR_AHEAD"
    UNKNOWN_MAIL = "UNKNOWN_MAIL"
    MAIL_IS_OVER = "MAIL_IS_OVER"
    UNKNOWN_PLACE = "UNKNOWN_PLACE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Nothing has changed. `status` is what HTTP says."""

    code: str
    text: Text
    status: int


_SENTENCES: dict[ServiceCode, tuple[int, Text]] = {
    ServiceCode.NOT_ALLOWED: (
        403,
        Text(ja="この操作の権限がありません。", en="You are not allowed to do this."),
    ),
    ServiceCode.UNKNOWN_PLACE: (
        409,
        Text(
            ja="このアドレスはレコーダーから届いていません。レコーダーがサービスに接続していることを確かめ、"
            "レコーダーの画面からやり直してください。",
            en="The recorder has not told us this address of its own. Check that it is connected to the service, then "
            "begin again on the recorder's page.",
        ),
    ),
    ServiceCode.NOT_BY_PROXY: (
        403,
        Text(
            ja="代理ログインではこの操作はできません。お客さまご本人が行ってください。",
            en="This cannot be done by proxy; the customer has to do it.",
        ),
    ),
    ServiceCode.PROXY_OVER: (
        403,
        Text(
            ja="代理ログインの時間が終わりました。もう一度開始してください。",
            en="The time of the proxy sign-in is over; begin it again.",
        ),
    ),
    ServiceCode.TERMS_NOT_ACCEPTED: (
        403,
        Text(ja="先に利用規約に同意してください。", en="Accept the terms of use first."),
    ),
    ServiceCode.EMAIL_TAKEN: (
        409,
        Text(
            ja="このメールアドレスは使用できません。別のメールアドレスを入力してください。",
            en="This e-mail address cannot be used; enter another one.",
        ),
    ),
    ServiceCode.UNKNOWN_EMAIL: (
        404,
        Text(
            ja="{email} のお客さまは見つかりません。メールアドレスを確認するか、[お客さまの追加]から登録してください。",
            en="There is no customer with the address {email}; check it, or add the customer first.",
        ),
    ),
    ServiceCode.UNKNOWN_USER: (
        404,
        Text(ja="この利用者は見つかりません。", en="There is no such user."),
    ),
    ServiceCode.UNKNOWN_CODE: (
        404,
        Text(
            ja="この登録コードの機器は見つかりません。コードと、機器がネットワークにつながっていることを確認してください。",
            en="There is no device with this code; check the code, and that the device is connected.",
        ),
    ),
    ServiceCode.UNREADABLE_QR: (
        422,
        Text(
            ja="このQRコードは機器の登録用ではありません。機器本体のQRコードを読み取ってください。",
            en="This is no device's QR code; read the one on the device.",
        ),
    ),
    ServiceCode.REGISTERED_ELSEWHERE: (
        409,
        Text(
            ja="この機器はすでに登録されています。譲り受けた機器の場合は、前の利用者が登録を解除する必要があります。",
            en="This device is registered already; its present owner has to remove it first.",
        ),
    ),
    ServiceCode.TAKEN_CODE: (
        409,
        Text(
            ja="この登録コードは使用されています。機器で新しいコードを作成してください。",
            en="This registration code is in use; the device has to make a new one.",
        ),
    ),
    ServiceCode.STRANGE_ID: (
        422,
        Text(
            ja="カメラのID {id} は使えません。英数字と - _ で、英数字から始まる32文字以内にしてください。",
            en="A camera cannot be called {id}: letters, digits, - and _, 32 at most, beginning with a letter or digit",
        ),
    ),
    ServiceCode.NO_PROOF: (
        401,
        Text(
            ja="機器の鍵による証明が正しくありません。",
            en="The proof of the device's key is wrong.",
        ),
    ),
    ServiceCode.STALE_CHALLENGE: (
        401,
        Text(
            ja="確認用の値が古いか、使用済みです。新しい値を取得してください。",
            en="The challenge is too old, or has been used; ask for a new one.",
        ),
    ),
    ServiceCode.NOT_REGISTERED: (
        409,
        Text(
            ja="この機器は登録されていません。登録コードまたはQRコードで登録してください。",
            en="This device is not registered; register it by its code or QR code.",
        ),
    ),
    ServiceCode.KEY_REUSED: (
        409,
        Text(
            ja="この Idempotency-Key は別の内容で使用されています。新しいキーを使ってください。",
            en="This Idempotency-Key was used for another request; take a new key.",
        ),
    ),
    ServiceCode.IN_THE_PAST: (
        422,
        Text(ja="過去の日付は指定できません。", en="A day in the past is not possible."),
    ),
    ServiceCode.TOO_FAR_AHEAD: (
        422,
        Text(ja="その日付は先すぎます。", en="That day is too far ahead."),
    ),
    ServiceCode.UNKNOWN_MAIL: (
        404,
        Text(ja="このメールは見つかりません。", en="There is no such mail."),
    ),
    ServiceCode.MAIL_IS_OVER: (
        409,
        Text(
            ja="このメールは再送できません。送信済みか、送信待ちか、パスワードを含むメールです。",
            en="This mail cannot be sent again: it was sent, or still waits, or had a password in it.",
        ),
    ),
}

_LICENCE_STATUS = {
    RefusalCode.UNKNOWN_PARTNER: 404,
    RefusalCode.UNKNOWN_CUSTOMER: 404,
    RefusalCode.UNKNOWN_LICENCE: 404,
    RefusalCode.UNKNOWN_DEVICE: 404,
    RefusalCode.UNKNOWN_CAMERA: 404,
    RefusalCode.QUANTITY: 422,
    RefusalCode.NOT_OFFERED: 422,
}
_LICENCE_STATUS_ELSE = 409


def refusal(code: ServiceCode, **details: object) -> Refusal:
    """The refusal with its sentence filled in."""
    status, sentence = _SENTENCES[code]
    text = Text(ja=sentence.ja.format(**details), en=sentence.en.format(**details))
    return Refusal(code=code.value, text=text, status=status)


def refusal_of(refused: Refused) -> Refusal:
    """What the licence rules refused."""
    status = _LICENCE_STATUS.get(refused.code, _LICENCE_STATUS_ELSE)
    return Refusal(code=refused.code.value, text=refused.text, status=status)
