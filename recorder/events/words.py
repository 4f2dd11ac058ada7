"""What kinds of events are called, for every surface."""

from collections.abc import Mapping

from gate.licence.text import Text

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
