"""What kinds of events are called, and the details that are codes, for every surface."""

from collections.abc import Mapping

from gate.licence.clock_evidence import DOUBTS
from gate.licence.denials import TABLE
from gate.licence.text import Language, Text

KIND_TITLES: Mapping[str, Text] = {
    "motion": Text(ja="動き", en="Motion"),
    "person": Text(ja="人物", en="Person"),
    "vehicle": Text(ja="車両", en="Vehicle"),
    "animal": Text(ja="動物", en="Animal"),
    "face": Text(ja="顔", en="Face"),
    "package": Text(ja="荷物", en="Package"),
    "line": Text(ja="ライン横断", en="Line crossed"),
    "zone": Text(ja="エリア侵入", en="Zone entered"),
    "sound": Text(ja="音", en="Sound"),
    "visitor": Text(ja="来訪", en="Visitor"),
    "input": Text(ja="端子入力", en="Alarm input"),
    "tamper": Text(ja="妨害", en="Tampering"),
    "scene_change": Text(ja="画角の変化", en="Camera moved"),
    "dark": Text(ja="暗い映像", en="Picture too dark"),
    "bright": Text(ja="明るすぎる映像", en="Picture too bright"),
    "blurred": Text(ja="ぼやけた映像", en="Picture blurred"),
    "camera_lost": Text(ja="カメラ切断", en="Camera lost"),
    "disk": Text(ja="ディスク異常", en="Disk trouble"),
    "clock": Text(ja="時刻の異常", en="Clock in doubt"),
    "licence": Text(ja="ライセンス切れ", en="Licence lapsed"),
}

_LOST = {
    "connecting": Text(ja="接続できません", en="It cannot be reached"),
    "stalled": Text(ja="映像が届きません", en="No pictures arrive"),
    "unauthorized": Text(ja="ユーザー名かパスワードが違います", en="Its user name or password is wrong"),
    "refused": Text(ja="接続を拒否されました", en="It refused the connection"),
    "unsupported": Text(ja="対応していない映像形式です", en="Its video format is not supported"),
}
_CODES: Mapping[str, Mapping[str, Text]] = {
    "camera_lost": _LOST,
    "licence": {code.value: row.title for code, row in TABLE.items()},
    "clock": {doubt.value: text for doubt, text in DOUBTS.items()},
}


def detail_in(kind: str, detail: str, language: Language) -> str:
    """An event's detail for people: a code in words, anything else as it was told."""
    text = _CODES.get(kind, {}).get(detail)
    return detail if text is None else text.in_language(language)
