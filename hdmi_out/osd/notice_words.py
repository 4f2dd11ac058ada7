"""The words of events, in pop-ups and in their list."""

from collections.abc import Mapping
from dataclasses import dataclass

from hdmi_out.osd.words import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeWords:
    """Fields with braces are formats. `kinds`: for the filter; an event itself comes with its title."""

    count: str
    left_out: str
    waiting: str
    recorder: str
    lasting: str
    lasted: str
    heading: str
    all_cameras: str
    several_cameras: str
    all_kinds: str
    camera: str
    kind: str
    none: str
    loading: str
    failed: str
    page: str
    hint: str
    no_playback: str
    kinds: Mapping[str, str]


_JA = NoticeWords(
    count="{}件",
    left_out="ほか{}件はイベント一覧で確認できます",
    waiting="ほか{}件",
    recorder="レコーダー",
    lasting="継続中",
    lasted="{}間",
    heading="イベント",
    all_cameras="すべてのカメラ",
    several_cameras="複数のカメラ",
    all_kinds="すべての種類",
    camera="カメラ",
    kind="種類",
    none="イベントはありません",
    loading="読み込んでいます",
    failed="レコーダーから読み込めません",
    page="ページ {}",
    hint="OK その時刻を再生",
    no_playback="このイベントに再生できる映像はありません",
    kinds={
        "motion": "動き",
        "person": "人物",
        "vehicle": "車両",
        "animal": "動物",
        "face": "顔",
        "package": "荷物",
        "line": "ライン横断",
        "zone": "エリア侵入",
        "sound": "音",
        "visitor": "来訪",
        "input": "端子入力",
        "tamper": "妨害",
        "scene_change": "画角の変化",
        "dark": "暗い映像",
        "bright": "明るすぎる映像",
        "blurred": "ぼやけた映像",
        "camera_lost": "カメラ切断",
        "disk": "ディスク異常",
        "clock": "時刻の異常",
        "licence": "ライセンス切れ",
    },
)

_EN = NoticeWords(
    count="×{}",
    left_out="{} more: see the list of events",
    waiting="{} more",
    recorder="Recorder",
    lasting="still on",
    lasted="for {}",
    heading="Events",
    all_cameras="All cameras",
    several_cameras="Several cameras",
    all_kinds="All kinds",
    camera="Camera",
    kind="Kind",
    none="No events",
    loading="Loading",
    failed="They cannot be read from the recorder",
    page="Page {}",
    hint="OK plays that time",
    no_playback="There is nothing to play of this event",
    kinds={
        "motion": "Motion",
        "person": "Person",
        "vehicle": "Vehicle",
        "animal": "Animal",
        "face": "Face",
        "package": "Package",
        "line": "Line crossed",
        "zone": "Zone entered",
        "sound": "Sound",
        "visitor": "Visitor",
        "input": "Alarm input",
        "tamper": "Tampering",
        "scene_change": "Camera moved",
        "dark": "Picture too dark",
        "bright": "Picture too bright",
        "blurred": "Picture blurred",
        "camera_lost": "Camera lost",
        "disk": "Disk trouble",
        "clock": "Clock in doubt",
        "licence": "Licence lapsed",
    },
)


def notice_words(words: Words) -> NoticeWords:
    """Those of the same language."""
    return _EN if words.code == "en" else _JA
