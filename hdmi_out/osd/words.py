"""Every word the wall can show, in Japanese and English."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Language = Literal["ja", "en"]

EXPIRED = "EXPIRED"
"""The denial code of a licence whose term is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One language; `code` is its name. Fields with braces are formats. `actions`: what to do, by denial code; for
    other codes the denial's own remedy is shown. `by_choice`: why nothing is recorded although nothing is wrong."""

    code: Language
    recording: str
    stopped: str
    waiting: str
    by_choice: Mapping[str, str]
    no_signal: str
    seconds: str
    minutes: str
    hours: str
    days: str
    phases: Mapping[str, str]
    unreachable: str
    unreachable_for: str
    unreachable_action: str
    lapsed_title: str
    all_cameras: str
    lapsed_since: str
    lapsed_grace: str
    lapsed_stopped: str
    lapsed_continues: str
    actions: Mapping[str, str]
    countdown_days: str
    countdown_day: str
    countdown_hours: str
    countdown_clock: str
    countdown_last_day: str
    countdown_action: str
    storage_title: str
    licence_title: str
    reaching: str
    one_recording: str
    all_recording: str
    some_recording: str
    page: str
    sub_instead: str
    wall_hint: str
    menu: str
    menu_views: Mapping[str, str]
    menu_grid: str
    menu_grid_auto: str
    menu_tiles: str
    menu_language: str
    menu_close: str
    menu_hint: str
    language: str
    tour: str
    tour_paused: str
    camera_gone: str
    preview: Mapping[str, str]
    some_cameras: str
    no_cameras: str
    list_separator: str
    part_separator: str
    features: Mapping[str, str]
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    date: str
    slow_output: str
    stills_only: str
    instant: str
    day: str


_JA = Words(
    code="ja",
    recording="REC",
    stopped="録画停止",
    waiting="録画待機",
    by_choice={"event_mode": "イベント待機", "schedule": "スケジュール外", "off": "録画オフ"},
    no_signal="映像なし",
    seconds="{}秒",
    minutes="{}分",
    hours="{}時間{}分",
    days="{}日{}時間",
    phases={
        "connecting": "カメラに接続しています",
        "stalled": "カメラから映像が届きません",
        "unauthorized": "カメラのユーザー名かパスワードが違います",
        "refused": "カメラが接続を拒否しました",
        "unsupported": "対応していない映像形式です",
        "off": "カメラは無効に設定されています",
    },
    unreachable="レコーダーに接続できません",
    unreachable_for="{}前から",
    unreachable_action="電源とネットワークを確認してください。自動で再接続します",
    lapsed_title="ライセンス切れ",
    all_cameras="全カメラ",
    lapsed_since="{}から",
    lapsed_grace="猶予は{}まで",
    lapsed_stopped="停止中",
    lapsed_continues="継続中",
    actions=dict.fromkeys((EXPIRED, "NOT_LICENSED", "REVOKED"), "ライセンスを割り当ててください")
    | dict.fromkeys(("UNREGISTERED", "STALE", "REPLAYED"), "最新のライセンスファイルを置いてください"),
    countdown_days="ライセンス終了まで あと{}日",
    countdown_day="ライセンス終了まで あと1日",
    countdown_hours="ライセンス終了まで あと{}時間{:02}分",
    countdown_clock="ライセンス終了まで あと{}:{:02}",
    countdown_last_day="{}まで",
    countdown_action="次のライセンスを割り当ててください",
    storage_title="録画ディスク",
    licence_title="ライセンス",
    reaching="レコーダーに接続しています",
    one_recording="録画中",
    all_recording="{}台すべて録画中",
    some_recording="{}台中{}台を録画中",
    page="ページ {}/{}",
    wall_hint="OK: 1台表示　戻る: メニュー",
    sub_instead="サブ映像（メイン映像なし）",
    menu="メニュー",
    menu_views={
        "wall": "ライブ一覧",
        "camera": "1台表示",
        "tour": "巡回表示",
        "playback": "再生",
        "search": "検索",
        "events": "イベント",
        "licence": "ライセンス",
        "device": "機器情報",
        "registration": "機器の登録",
    },
    menu_grid="画面分割",
    menu_grid_auto="自動",
    menu_tiles="{}分割",
    menu_language="言語 / Language",
    menu_close="閉じる",
    menu_hint="↑↓ 選ぶ　OK 決定　戻る 閉じる",
    language="日本語",
    tour="巡回中",
    tour_paused="巡回 一時停止",
    camera_gone="このカメラは登録されていません",
    preview={
        "title": "HDMIモニター",
        "picture": "HDMIモニターの画面",
        "remote": "リモコン",
        "menu": "メニュー",
        "back": "戻る",
        "up": "上",
        "down": "下",
        "left": "左",
        "right": "右",
    },
    some_cameras="{}台",
    no_cameras="カメラが登録されていません",
    list_separator="・",
    part_separator="　",
    features={
        "M1": "HDMIライブ",
        "M2": "遠隔ライブ",
        "M3": "録画",
        "M4": "HDMI再生",
        "M5": "遠隔再生",
        "M6": "SDカード取り出し",
        "M7": "HDMI通知",
        "M8": "遠隔通知",
        "M9": "遠隔保守",
    },
    weekdays=tuple("月火水木金土日"),
    months=tuple(f"{month}月" for month in range(1, 13)),
    date="{month}{day}日 ({weekday})",
    slow_output="CPU不足 毎秒{fps}コマで表示",
    stills_only="CPU不足 静止画で表示",
    instant="{year}/{month_number:02}/{day:02} {hour:02}:{minute:02}",
    day="{year}/{month_number:02}/{day:02}",
)

_EN = Words(
    code="en",
    recording="REC",
    stopped="NOT RECORDING",
    waiting="WAITING",
    by_choice={"event_mode": "EVENT WAIT", "schedule": "OFF BY SCHEDULE", "off": "REC OFF"},
    no_signal="No signal",
    seconds="{} s",
    minutes="{} min",
    hours="{} h {} min",
    days="{} d {} h",
    phases={
        "connecting": "Connecting to the camera",
        "stalled": "No pictures arrive from the camera",
        "unauthorized": "Wrong user name or password for the camera",
        "refused": "The camera refused the connection",
        "unsupported": "Unsupported video format",
        "off": "The camera is switched off in the settings",
    },
    unreachable="Recorder not reachable",
    unreachable_for="for {}",
    unreachable_action="Check its power and network; reconnecting by itself",
    lapsed_title="Licence lapsed",
    all_cameras="all cameras",
    lapsed_since="since {}",
    lapsed_grace="grace until {}",
    lapsed_stopped="Stopped",
    lapsed_continues="Goes on",
    actions=dict.fromkeys((EXPIRED, "NOT_LICENSED", "REVOKED"), "Assign a licence")
    | dict.fromkeys(("UNREGISTERED", "STALE", "REPLAYED"), "Put the newest licence file in place"),
    countdown_days="Licence ends in {} days",
    countdown_day="Licence ends in 1 day",
    countdown_hours="Licence ends in {} h {:02} min",
    countdown_clock="Licence ends in {}:{:02}",
    countdown_last_day="until {}",
    countdown_action="Assign the next licence",
    storage_title="Recording disk",
    licence_title="Licence",
    reaching="Connecting to the recorder",
    one_recording="Recording",
    all_recording="All {} cameras recording",
    some_recording="{1} of {0} cameras recording",
    page="Page {}/{}",
    wall_hint="OK: single camera   Back: menu",
    sub_instead="sub stream (no main stream)",
    menu="Menu",
    menu_views={
        "wall": "Live wall",
        "camera": "Single camera",
        "tour": "Tour",
        "playback": "Playback",
        "search": "Search",
        "events": "Events",
        "licence": "Licence",
        "device": "Device",
        "registration": "Register the device",
    },
    menu_grid="Grid",
    menu_grid_auto="automatic",
    menu_tiles="{} tiles",
    menu_language="Language / 言語",
    menu_close="Close",
    menu_hint="↑↓ choose   OK   Back closes",
    language="English",
    tour="Tour",
    tour_paused="Tour paused",
    camera_gone="There is no such camera any more",
    preview={
        "title": "HDMI monitor",
        "picture": "The HDMI monitor's screen",
        "remote": "Remote control",
        "menu": "Menu",
        "back": "Back",
        "up": "Up",
        "down": "Down",
        "left": "Left",
        "right": "Right",
    },
    some_cameras="{} cameras",
    no_cameras="No cameras registered",
    list_separator=", ",
    part_separator="  ·  ",
    features={
        "M1": "HDMI live",
        "M2": "remote live",
        "M3": "recording",
        "M4": "HDMI playback",
        "M5": "remote playback",
        "M6": "SD card export",
        "M7": "HDMI notices",
        "M8": "remote notices",
        "M9": "remote maintenance",
    },
    weekdays=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    months=("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    date="{weekday} {day} {month}",
    slow_output="CPU busy: {fps} pictures/s",
    stills_only="CPU busy: stills only",
    instant="{day} {month} {year} {hour:02}:{minute:02}",
    day="{day} {month} {year}",
)

_LANGUAGES: Mapping[str, Words] = {"ja": _JA, "en": _EN}


def words_of(language: str) -> Words:
    """The words of a language; Japanese where there is none of that name."""
    return _LANGUAGES.get(language, _JA)
