"""The words of the pages that tell of licences and of the recorder itself."""

from collections.abc import Mapping
from dataclasses import dataclass

from hdmi_out.osd.words import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class PageWords:
    """Fields with braces are formats. `states`: of a licence, by `active`, `grace` and denial code. `rows`: of the
    matrix, by id, in full."""

    tabs: Mapping[str, str]
    tabs_hint: str
    streams_hint: str
    licensed: str
    states: Mapping[str, str]
    until: str
    since: str
    left_days: str
    left_hours: str
    grace_until: str
    function: str
    now: str
    lapsed: str
    runs: str
    stopped: str
    continues: str
    stops: str
    rows: Mapping[str, str]
    remedy: str
    all_well: str
    wait: str
    fields: Mapping[str, str]
    stream_columns: tuple[str, ...]
    main: str
    sub: str
    not_known: str
    space: str
    local_only: str
    no_listener: str
    forecast_full: str
    forecast_keeps: str
    forecast_none: str
    service_phases: Mapping[str, str]
    licence_file: str
    register_title: str
    register_steps: tuple[str, ...]
    register_code: str
    register_serial: str
    registered: str
    no_service: str
    standing_unknown: str


_JA = PageWords(
    tabs={"licence": "ライセンス", "device": "機器情報", "registration": "機器の登録"},
    tabs_hint="←→ ページ",
    streams_hint="←→ ページ　↑↓ カメラ",
    licensed="{0}台中{1}台が有効",
    states={
        "active": "有効",
        "grace": "猶予期間",
        "EXPIRED": "期限切れ",
        "NOT_LICENSED": "未割り当て",
        "UNREGISTERED": "未登録",
        "WRONG_KIND": "種類違い",
        "REVOKED": "取り消し",
        "STALE": "情報が古い",
        "CLOCK_UNTRUSTED": "時刻が不正",
        "REPLAYED": "古いファイル",
    },
    until="{}まで",
    since="{}から",
    left_days="あと{}日",
    left_hours="あと{}時間",
    grace_until="猶予は{}まで",
    function="機能",
    now="現在",
    lapsed="期限切れ後",
    runs="○ 動作",
    stopped="× 停止",
    continues="○ 続く",
    stops="× 止まる",
    rows={
        "M1": "HDMIモニターのライブ映像",
        "M2": "遠隔ライブ・制御・ダウンロード",
        "M3": "エッジストレージ録画",
        "M4": "HDMIモニターの再生・検索",
        "M5": "遠隔の再生・検索",
        "M6": "SDカード映像の取り出し",
        "M7": "HDMIモニターのイベント通知",
        "M8": "遠隔のイベント通知",
        "M9": "遠隔保守",
    },
    remedy="対処",
    all_well="このカメラのライセンスは有効です。",
    wait="レコーダーから読み込んでいます",
    fields={
        "id": "機器ID",
        "firmware": "バージョン",
        "serial": "シリアル番号",
        "uptime": "稼働時間",
        "addresses": "アドレス",
        "remote": "Web画面",
        "service": "ライセンス",
        "clock": "時計",
        "used": "録画容量",
        "rate": "書き込み",
        "forecast": "見通し",
        "oldest": "最古の録画",
    },
    stream_columns=("カメラ", "映像", "毎秒", "Mbit/s", "欠落", "時計差"),
    main="メイン",
    sub="サブ",
    not_known="—",
    space="{} / {} GB（空き {} GB）",
    local_only="{}（この機器からのみ）",
    no_listener="なし（ライセンスサービス経由）",
    forecast_full="約{}で満杯、以後は古い順に上書き",
    forecast_keeps="直近の約{}を保持",
    forecast_none="書き込みがありません",
    service_phases={"connecting": "接続中", "connected": "接続済み", "offline": "オフライン"},
    licence_file="ライセンスファイル",
    register_title="この機器を登録してください",
    register_steps=(
        "1. ライセンスサービスのポータルに、契約ユーザーでログインします。",
        "2. 「デバイス登録」でQRコードを読み取るか、登録コードを入力します。",
        "3. カメラにライセンスを割り当てると、録画が始まります。",
    ),
    register_code="登録コード",
    register_serial="シリアル番号",
    registered="この機器は登録済みです",
    no_service="ライセンスファイルで動作しています。登録は必要ありません。",
    standing_unknown="ライセンスサービスに問い合わせています",
)

_EN = PageWords(
    tabs={"licence": "Licence", "device": "Device", "registration": "Registration"},
    tabs_hint="←→ page",
    streams_hint="←→ page   ↑↓ camera",
    licensed="{1} of {0} cameras licensed",
    states={
        "active": "valid",
        "grace": "grace period",
        "EXPIRED": "expired",
        "NOT_LICENSED": "none assigned",
        "UNREGISTERED": "not registered",
        "WRONG_KIND": "wrong kind",
        "REVOKED": "revoked",
        "STALE": "out of date",
        "CLOCK_UNTRUSTED": "clock in doubt",
        "REPLAYED": "old file",
    },
    until="to {}",
    since="since {}",
    left_days="{} days left",
    left_hours="{} h left",
    grace_until="grace until {}",
    function="Function",
    now="Now",
    lapsed="When lapsed",
    runs="○ runs",
    stopped="× stopped",
    continues="○ goes on",
    stops="× stops",
    rows={
        "M1": "Live view on this monitor",
        "M2": "Remote live, control, download",
        "M3": "Recording to the edge storage",
        "M4": "Playback, search on this monitor",
        "M5": "Remote playback and search",
        "M6": "Taking footage off the SD card",
        "M7": "Event notices on this monitor",
        "M8": "Remote event notices",
        "M9": "Remote maintenance",
    },
    remedy="What to do",
    all_well="This camera's licence is valid.",
    wait="Reading from the recorder",
    fields={
        "id": "Device",
        "firmware": "Version",
        "serial": "Serial number",
        "uptime": "Running for",
        "addresses": "Addresses",
        "remote": "Web app",
        "service": "Licence",
        "clock": "Clock",
        "used": "Recordings",
        "rate": "Writing",
        "forecast": "Forecast",
        "oldest": "Oldest footage",
    },
    stream_columns=("Camera", "Picture", "per s", "Mbit/s", "Lost", "Clock"),
    main="main",
    sub="sub",
    not_known="–",
    space="{} / {} GB ({} GB free)",
    local_only="{} (from this machine only)",
    no_listener="none (through the licence service)",
    forecast_full="full in about {}, then overwrites",
    forecast_keeps="keeps about the last {}",
    forecast_none="nothing is being written",
    service_phases={"connecting": "connecting", "connected": "connected", "offline": "offline"},
    licence_file="licence file",
    register_title="Register this device",
    register_steps=(
        "1. Sign in to the licence service's portal as the contract user.",
        "2. Under “Register a device”, scan this QR code or enter the code.",
        "3. Assign licences to the cameras: recording begins.",
    ),
    register_code="Registration code",
    register_serial="Serial number",
    registered="This device is registered",
    no_service="It works by a licence file: no registration is needed.",
    standing_unknown="Asking the licence service",
)


def page_words(words: Words) -> PageWords:
    """Those of the same language."""
    return _EN if words.code == "en" else _JA
