"""The words of playback and of the search by time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from hdmi_out.osd.words import Language, Words


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackWords:
    """Fields with braces are formats. `reasons`: why there is no footage."""

    playback: str
    paused: str
    speed: str
    reverse: str
    loading: str
    reconnecting: str
    no_footage: str
    reasons: Mapping[str, str]
    between: str
    lasting: str
    goes_on: str
    skipped: str
    set_back: str
    unreadable: str
    newest: str
    oldest: str
    empty: str
    empty_detail: str
    lapsed: str
    zooms: tuple[str, str, str]
    tools: Mapping[str, str]
    hint_playing: str
    hint_paused: str
    hint_tools: str
    searching: str
    no_event: str
    event_at: str
    not_known: str
    search_title: str
    search_camera: str
    search_time: str
    search_go: str
    search_events: str
    search_hint: str
    search_dots: str
    no_cameras: str
    month: str
    day_time: str
    time: str


_JA = PlaybackWords(
    playback="録画再生",
    paused="一時停止",
    speed="×{}",
    reverse="逆再生 ×{}",
    loading="読み込んでいます",
    reconnecting="レコーダーに再接続しています",
    no_footage="この時刻の録画はありません",
    reasons={
        "licence": "ライセンス切れ",
        "disk": "録画なし",
        "camera_offline": "カメラ未接続",
        "clock_step": "時刻の変更",
        "crash": "電源断",
        "schedule": "スケジュール外",
        "event_mode": "イベントなし",
        "off": "録画オフ",
    },
    between="{0} {1} 〜 {2}",
    lasting="{0} {1} から",
    goes_on="▶ で {} から再生します",
    skipped="{0} {1} 〜 {2}",
    set_back="時刻が {} に戻されました",
    unreadable="読み出せない録画がありました",
    newest="最新の録画です",
    oldest="最も古い録画です",
    empty="録画はまだありません",
    empty_detail="このカメラの録画が始まると、ここで再生できます",
    lapsed="ライセンス切れ",
    zooms=("1日", "1時間", "10分"),
    tools={
        "play": "再生",
        "pause": "停止",
        "speed": "速度",
        "reverse": "逆再生",
        "previous": "前のイベント",
        "next": "次のイベント",
        "search": "日時検索",
        "zoom": "表示",
        "camera": "カメラ",
    },
    hint_playing="←→ 10秒　↑ 速度　↓ 操作",
    hint_paused="←→ コマ送り　↑ 再生　↓ 操作",
    hint_tools="←→ 選択　OK 決定　↑ 戻る",
    searching="イベントを探しています",
    no_event="この先にイベントはありません",
    event_at="{0}　{1}",
    not_known="タイムラインを取得できません",
    search_title="日時で検索",
    search_camera="カメラ",
    search_time="時刻",
    search_go="この日時から再生",
    search_events="イベント一覧から探す",
    search_hint="←→↑↓ 選択　OK 次へ　戻る",
    search_dots="● 録画がある日",
    no_cameras="カメラが登録されていません",
    month="{0}年{1}月",
    day_time="{year}/{month_number:02}/{day:02} ({weekday}) {time}",
    time="{hour:02}:{minute:02}:{second:02}",
)

_EN = PlaybackWords(
    playback="Playback",
    paused="Paused",
    speed="×{}",
    reverse="Reverse ×{}",
    loading="Loading",
    reconnecting="Reconnecting to the recorder",
    no_footage="No footage of this time",
    reasons={
        "licence": "Licence lapsed",
        "disk": "Not recorded",
        "camera_offline": "Camera offline",
        "clock_step": "Clock changed",
        "crash": "Power cut",
        "schedule": "Off by schedule",
        "event_mode": "No event",
        "off": "Recording off",
    },
    between="{0}, {1} – {2}",
    lasting="{0} since {1}",
    goes_on="▶ plays on from {}",
    skipped="{0} {1} – {2}",
    set_back="The clock was set back to {}",
    unreadable="Some footage could not be read",
    newest="This is the newest footage",
    oldest="This is the oldest footage",
    empty="Nothing recorded yet",
    empty_detail="Once this camera is recorded, it can be played here",
    lapsed="Licence lapsed",
    zooms=("Day", "Hour", "10 min"),
    tools={
        "play": "Play",
        "pause": "Pause",
        "speed": "Speed",
        "reverse": "Reverse",
        "previous": "Event before",
        "next": "Next event",
        "search": "Go to time",
        "zoom": "Show",
        "camera": "Camera",
    },
    hint_playing="←→ 10 s  ↑ speed  ↓ controls",
    hint_paused="←→ picture  ↑ play  ↓ controls",
    hint_tools="←→ choose  OK do it  ↑ back",
    searching="Looking for an event",
    no_event="No further event",
    event_at="{0}  {1}",
    not_known="The timeline is not known",
    search_title="Go to a time",
    search_camera="Camera",
    search_time="Time",
    search_go="Play from this time",
    search_events="Choose from the events",
    search_hint="Arrows choose, OK goes on, back",
    search_dots="● days with footage",
    no_cameras="No cameras registered",
    month="{2} {0}",
    day_time="{weekday} {day} {month} {year} {time}",
    time="{hour:02}:{minute:02}:{second:02}",
)

_LANGUAGES: Mapping[Language, PlaybackWords] = {"ja": _JA, "en": _EN}


def playback_words(words: Words) -> PlaybackWords:
    """Those of the language of `words`."""
    return _LANGUAGES[words.code]


def time_text(at: datetime, zone: tzinfo, words: Words) -> str:
    """The time of day, to the second."""
    local = at.astimezone(zone)
    return playback_words(words).time.format(hour=local.hour, minute=local.minute, second=local.second)


def day_time_text(at: datetime, zone: tzinfo, words: Words) -> str:
    """Day and time."""
    local = at.astimezone(zone)
    return playback_words(words).day_time.format(
        year=local.year,
        month=words.months[local.month - 1],
        month_number=local.month,
        day=local.day,
        weekday=words.weekdays[local.weekday()],
        time=time_text(at, zone, words),
    )


def range_text(start: datetime, end: datetime, zone: tzinfo, words: Words) -> tuple[str, str]:
    """Both ends; the days only where they are not the same."""
    if start.astimezone(zone).date() == end.astimezone(zone).date():
        return time_text(start, zone, words), time_text(end, zone, words)
    return day_time_text(start, zone, words), day_time_text(end, zone, words)
