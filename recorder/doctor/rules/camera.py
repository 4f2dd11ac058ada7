"""What trying a camera has shown: each kind of no with its own sentence and remedy. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from recorder.doctor.finding import Finding, Level, found, ok
from recorder.ingest.trial import Failure, Tried

SKEW_SECONDS_MAX = 5.0
_IN_ITS_WORDS: frozenset[Failure] = frozenset({"rejected", "unsupported", "odd", "defect"})
"""Where what was said tells more than which kind of no it is."""

_SENTENCES: dict[Failure, tuple[tuple[str, str], tuple[str, str]]] = {
    "name_unknown": (
        ("カメラの名前を解決できません", "Its name is not known"),
        (
            "アドレスの綴りとDNSを確認するか、IPアドレスを書いてください。",
            "Check its spelling and the DNS, or write its address in digits.",
        ),
    ),
    "unreachable": (
        ("カメラに届きません", "It is not to be reached"),
        (
            "電源、ケーブル、アドレス、ファイアウォールを確認してください。",
            "Check its power, cable, address, and firewalls.",
        ),
    ),
    "refused": (
        ("接続が拒否されました", "Nothing listens there"),
        (
            "ポート番号と、カメラのRTSPが有効かを確認してください。",
            "Check the port, and that RTSP is switched on in the camera.",
        ),
    ),
    "no_login": (
        ("ユーザー名とパスワードが必要です", "It asks for user and password"),
        (
            "設定のカメラに user と password を書いてください。",
            "Give user and password with this camera in the configuration.",
        ),
    ),
    "wrong_login": (
        ("ユーザー名かパスワードが違います", "It does not accept user and password"),
        (
            "設定の user と password を直してください（何度も試すとロックされることがあります）。",
            "Correct user and password in the configuration; cameras may lock after several tries.",
        ),
    ),
    "not_found": (
        ("その名前のストリームはありません", "It has no stream of that name"),
        (
            "アドレスのパスを確認してください。edge-recorder cameras discover で調べられます。",
            "Check the path; edge-recorder cameras discover finds the right one.",
        ),
    ),
    "busy": (
        ("これ以上接続できないと言っています", "It serves as many viewers as it can"),
        (
            "ほかの視聴者を減らすか、このストリームを録画しているレコーダーを止めてから試してください。",
            "End other viewers, or a recorder that has this stream already.",
        ),
    ),
    "rejected": (
        ("カメラに断られました", "It refuses"),
        ("カメラ側でこのユーザーの権限と設定を確認してください。", "Check in the camera what this user may do."),
    ),
    "transport": (
        ("この転送方式には対応していません", "It does not send that way"),
        ("設定の transport を auto にしてください。", "Write transport: auto in the configuration."),
    ),
    "unsupported": (
        ("録画できる映像形式ではありません", "It sends nothing that can be recorded"),
        ("カメラの設定でH.264かH.265にしてください。", "Set the camera to H.264 or H.265."),
    ),
    "silent": (
        ("接続できますが、映像が届きません", "No picture comes"),
        ("カメラを再起動し、transport: auto も試してください。", "Restart the camera, and try transport: auto."),
    ),
    "lost": (
        ("接続が切れました", "It broke the connection off"),
        ("ネットワークの品質とカメラのログを確認してください。", "Check the network, and the camera's log."),
    ),
    "odd": (
        ("RTSPの応答が規格どおりではありません", "It does not speak RTSP as it should"),
        ("設定の source を libav にして試してください。", "Try source: libav in the configuration."),
    ),
    "defect": (
        ("このプログラムの不具合で試せませんでした", "This program failed at it"),
        ("ログを添えて報告してください。", "Please report it with the log."),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFacts:
    """A stream that was tried. `tried` None: there was no time for it."""

    camera: str
    stream: str
    tried: Tried | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OnvifFacts:
    """A camera's ONVIF, at `place`. `failure` None: it answers. `skew_seconds`: how far its clock is ahead of ours."""

    camera: str
    place: str = ""
    failure: Failure | None = None
    message: str = ""
    skew_seconds: float = 0.0


def stream_findings(facts: StreamFacts) -> Iterator[Finding]:
    """Of one stream."""
    about, tried = f"{facts.camera}/{facts.stream}", facts.tried
    if tried is None:
        yield _not_tried(about)
    elif tried.failure is not None:
        yield _failed("camera", about, tried.failure, tried.place, tried.message)
    else:
        size = f"{tried.width}×{tried.height}" if tried.width else ""
        rate = f"{tried.bytes_per_second * 8 / 1e6:.1f} Mbit/s" if tried.bytes_per_second else ""
        shown = ", ".join(filter(None, (tried.codec, size, rate, tried.way)))
        yield ok("camera", ja=f"映像が届きます（{shown}）。", en=f"Pictures come: {shown}.", about=about)


def onvif_findings(facts: OnvifFacts) -> Iterator[Finding]:
    """Of one camera's ONVIF."""
    if facts.failure is not None:
        yield _failed("onvif", facts.camera, facts.failure, facts.place, facts.message)
        return
    yield ok("onvif", ja="ONVIFで応答します。", en="It answers ONVIF.", about=facts.camera)
    if abs(facts.skew_seconds) > SKEW_SECONDS_MAX:
        yield found(
            "hint",
            "camera_clock",
            (
                f"カメラの時計が {facts.skew_seconds:+.0f} 秒ずれています。",
                f"The camera's clock is {facts.skew_seconds:+.0f} s beside this machine's.",
            ),
            ("カメラでNTPを設定してください。", "Set NTP in the camera."),
            facts.camera,
        )


def _failed(check: str, about: str, failure: Failure, place: str, message: str) -> Finding:
    (ja, en), remedy = _SENTENCES[failure]
    level: Level = "failure" if check == "camera" else "warning"
    told = message.rstrip(".") if failure in _IN_ITS_WORDS else ""
    ja_told, en_told = ": ".join(filter(None, (place, told))), message.rstrip(".") or place
    text = (f"{ja}（{ja_told}）。" if ja_told else f"{ja}。", f"{en} ({en_told})." if en_told else f"{en}.")
    return found(level, check, text, remedy, about)


def _not_tried(about: str) -> Finding:
    return found(
        "hint",
        "camera",
        ("時間が足りず、試していません。", "There was no time to try it."),
        (
            "カメラが多い場合は、設定を分けてもう一度試してください。",
            "With many cameras, try again with a part of them.",
        ),
        about,
    )
