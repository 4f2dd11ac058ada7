"""Why a plan was refused: a value with a stable code and one sentence in each language."""

import enum
from dataclasses import dataclass

from gate.licence.text import Text


class RefusalCode(enum.Enum):
    """Values are stable."""

    UNKNOWN_PARTNER = "UNKNOWN_PARTNER"
    UNKNOWN_CUSTOMER = "UNKNOWN_CUSTOMER"
    """There is none, or it is another partner's: the answer is the same."""
    UNKNOWN_LICENCE = "UNKNOWN_LICENCE"
    UNKNOWN_DEVICE = "UNKNOWN_DEVICE"
    UNKNOWN_CAMERA = "UNKNOWN_CAMERA"
    ALREADY_THERE = "ALREADY_THERE"
    QUANTITY = "QUANTITY"
    NOT_OFFERED = "NOT_OFFERED"
    NO_STOCK = "NO_STOCK"
    NOT_SECONDARY = "NOT_SECONDARY"
    NEEDS_ALLOCATION = "NEEDS_ALLOCATION"
    NO_QR = "NO_QR"
    DIRECT_CAP = "DIRECT_CAP"
    HAS_CAMERAS = "HAS_CAMERAS"
    WRONG_KIND = "WRONG_KIND"
    ALREADY_BOUND = "ALREADY_BOUND"
    NOT_BOUND = "NOT_BOUND"
    ADDS_NOTHING = "ADDS_NOTHING"
    OVER = "OVER"
    REVOKED = "REVOKED"
    HELD = "HELD"
    NOT_HELD = "NOT_HELD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Nothing has changed."""

    code: RefusalCode
    text: Text


_SENTENCES = {
    RefusalCode.UNKNOWN_PARTNER: Text(
        ja="販売店 {partner} は登録されていません。販売店IDを確認してください。",
        en="There is no partner {partner}; check its id.",
    ),
    RefusalCode.UNKNOWN_CUSTOMER: Text(
        ja="お客さま {customer} が見つかりません。先に[お客さまの追加]から登録してください。",
        en="There is no customer {customer}; add the customer first.",
    ),
    RefusalCode.UNKNOWN_LICENCE: Text(
        ja="ライセンス {licence} はこのお客さまのライセンスではありません。一覧から選び直してください。",
        en="Licence {licence} is not one of this customer's; choose one from the list.",
    ),
    RefusalCode.UNKNOWN_DEVICE: Text(
        ja="機器 {device} はこのお客さまに登録されていません。先に機器登録を行ってください。",
        en="Device {device} is not registered for this customer; register it first.",
    ),
    RefusalCode.UNKNOWN_CAMERA: Text(
        ja="カメラ {camera} はこのお客さまに登録されていません。先にカメラを登録してください。",
        en="Camera {camera} is not registered for this customer; register it first.",
    ),
    RefusalCode.ALREADY_THERE: Text(
        ja="{what} はすでに登録されています。別のIDを使ってください。",
        en="{what} is registered already; use another id.",
    ),
    RefusalCode.QUANTITY: Text(
        ja="数量 {quantity} は指定できません。1から{most}までの数を指定してください。",
        en="A quantity of {quantity} is not possible; give one from 1 to {most}.",
    ),
    RefusalCode.NOT_OFFERED: Text(
        ja="{months}か月のライセンスはありません。{offered}か月から選んでください。",
        en="There is no licence of {months} months; choose from {offered}.",
    ),
    RefusalCode.NO_STOCK: Text(
        ja="在庫が足りません（種類 {kind}、{months}か月、在庫 {left}、必要数 {quantity}）。先に購入してください。",
        en="Not enough in stock ({kind}, {months} months: {left} left, {quantity} wanted); buy licences first.",
    ),
    RefusalCode.NOT_SECONDARY: Text(
        ja="{target} は {source} の二次店ではありません。在庫は自社の二次店にだけ移せます。",
        en="{target} is no secondary partner of {source}; stock moves to one's own secondary partners only.",
    ),
    RefusalCode.NEEDS_ALLOCATION: Text(
        ja="お客さま {customer} にはまだライセンスがありません。機器登録は割り当ての後に行ってください。",
        en="Customer {customer} has been allocated no licence yet; allocate one before registering devices.",
    ),
    RefusalCode.NO_QR: Text(
        ja="{made_on}に製造された機器はQRコードで登録できません（{since}以降の製造品が対象）。コードを入力して登録してください。",
        en="A device made on {made_on} cannot be registered by QR code (those made from {since} can); enter its code.",
    ),
    RefusalCode.DIRECT_CAP: Text(
        ja="カメラダイレクトは{cap}台までです。エッジストレージをお使いになるか、登録済みのカメラを削除してください。",
        en="At most {cap} direct cameras are possible; use an edge recorder, or remove a registered camera.",
    ),
    RefusalCode.HAS_CAMERAS: Text(
        ja="機器 {device} にはカメラが登録されています。先にカメラを削除してください。",
        en="Device {device} still has cameras; remove them first.",
    ),
    RefusalCode.WRONG_KIND: Text(
        ja="ライセンス {licence}（{kind}）はカメラ {camera}（{wanted}）には使えません。同じ種類を選んでください。",
        en="Licence {licence} ({kind}) does not fit camera {camera} ({wanted}); choose one of the same kind.",
    ),
    RefusalCode.ALREADY_BOUND: Text(
        ja="ライセンス {licence} はカメラ {camera} で使用中です。先に解除するか、振替えてください。",
        en="Licence {licence} is bound to camera {camera}; release or transfer it.",
    ),
    RefusalCode.NOT_BOUND: Text(
        ja="ライセンス {licence} はどのカメラにも使われていません。",
        en="Licence {licence} is bound to no camera.",
    ),
    RefusalCode.ADDS_NOTHING: Text(
        ja="カメラ {camera} は{until}まで有効で、ライセンス {licence} は先に切れます。期限の遅いものを選んでください。",
        en="Camera {camera} is covered until {until}, and licence {licence} ends before; choose one that ends later.",
    ),
    RefusalCode.OVER: Text(
        ja="ライセンス {licence} は期限が切れています。新しいライセンスを割り当ててください。",
        en="Licence {licence} has expired; allocate a new one.",
    ),
    RefusalCode.REVOKED: Text(
        ja="ライセンス {licence} は取り消されています。別のライセンスを選んでください。",
        en="Licence {licence} has been revoked; choose another.",
    ),
    RefusalCode.HELD: Text(
        ja="カメラ {camera} は「割り当てない」に設定されています。先に設定を解除してください。",
        en="Camera {camera} is held without a licence on purpose; clear the hold first.",
    ),
    RefusalCode.NOT_HELD: Text(
        ja="カメラ {camera} は「割り当てない」に設定されていません。",
        en="Camera {camera} is not held.",
    ),
}


def refused(code: RefusalCode, **details: object) -> Refused:
    """The refusal with its sentence filled in."""
    sentence = _SENTENCES[code]
    return Refused(code=code, text=Text(ja=sentence.ja.format(**details), en=sentence.en.format(**details)))
