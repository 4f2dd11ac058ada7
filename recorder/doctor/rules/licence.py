"""What a recorder's licence says, and whether its service is to be reached. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo

from gate.licence.decision import Decision, Denied
from gate.licence.denials import problem
from gate.licence.text import NO_TEXT, Text
from recorder.doctor.finding import Finding, found, ok

DAYS_SOON = 14.0
_DAY_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFacts:
    """`error`: why it is not to be reached, empty if it answers. `registered` and `connected`: as the running recorder
    says; None where none runs."""

    url: str
    error: str = ""
    registered: bool | None = None
    connected: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceFacts:
    """`broken`: why nothing can be judged (a root key that is missing). `refusal`: why the licence file is not taken.
    `cameras`: what counts for each at `now`. `clock_doubt`: what the running recorder holds against its clock."""

    now: datetime
    broken: str = ""
    refusal: Text = NO_TEXT
    cameras: tuple[tuple[str, Decision], ...] = ()
    service: ServiceFacts | None = None
    clock_doubt: Text = NO_TEXT


def licence_findings(licence: LicenceFacts, zone: tzinfo) -> Iterator[Finding]:
    """Of the file or the service, and of each camera."""
    if licence.broken:
        yield found(
            "failure",
            "licence",
            (f"ライセンスを確認できません: {licence.broken}。", f"The licence cannot be judged: {licence.broken}."),
            (
                "ライセンス発行元の root.pub を設定の場所に置いてください。",
                "Put the root.pub of your licence's issuer where the configuration names it.",
            ),
        )
        if licence.service is not None:
            yield _service(licence.service)
        return
    if licence.refusal:
        yield found(
            "failure",
            "licence",
            (f"ライセンスファイルは使えません: {licence.refusal.ja}",
             f"The licence file is refused: {licence.refusal.en.rstrip('.')}."),
            ("edge-recorder licence verify で詳しく確認し、発行し直してください。",
             "See edge-recorder licence verify, and issue it again."),
        )  # fmt: skip
    if licence.clock_doubt:
        yield found(
            "failure",
            "licence_clock",
            (licence.clock_doubt.ja, licence.clock_doubt.en),
            ("NTPで時計を合わせてください。", "Set the clock by NTP."),
        )
    if licence.service is not None:
        yield _service(licence.service)
    for camera, decision in licence.cameras:
        yield _camera(camera, decision, licence.now, zone)


def _service(service: ServiceFacts) -> Finding:
    url = service.url
    if service.error:
        return found(
            "warning",
            "service",
            (f"ライセンスサービス {url} に接続できません: {service.error}。",
             f"The licence service {url} is not to be reached: {service.error}."),
            ("アドレスとネットワーク（外向きの接続）を確認してください。",
             "Check its address, and that connections out of this network are allowed."),
        )  # fmt: skip
    if service.registered is False:
        return found(
            "warning",
            "service",
            ("このレコーダーはまだ登録されていません。", "This recorder is registered for nobody yet."),
            (
                "edge-recorder device show の登録コードをポータルで入力してください。",
                "Enter the code that edge-recorder device show prints in the portal.",
            ),
        )
    if service.connected is False:
        return found(
            "warning",
            "service",
            (f"{url} は応答しますが、レコーダーは接続できていません。",
             f"{url} answers, but the recorder has no connection to it."),
            ("レコーダーのログで理由を確認してください。", "See the recorder's log for the reason."),
        )  # fmt: skip
    return ok("service", ja=f"ライセンスサービス {url} は応答します。", en=f"The licence service {url} answers.")


def _camera(camera: str, decision: Decision, now: datetime, zone: tzinfo) -> Finding:
    if isinstance(decision, Denied):
        ja, en = (problem(decision, language, zone) for language in ("ja", "en"))
        return found(
            "warning", "licence", (ja["detail"], en["detail"]), (ja["remedy"], en["remedy"]), camera
        )  # fmt: skip
    until = decision.until
    if until is None:
        return ok("licence", ja="期限のないライセンスがあります。", en="It is licensed without an end.", about=camera)
    days, day = (until - now).total_seconds() / _DAY_SECONDS, f"{until.astimezone(zone):%Y-%m-%d %H:%M}"
    told = (
        f"ライセンスは {day} まで（残り{days:.0f}日）です。",
        f"Its licence ends at {day}, in {days:.0f} days.",
    )
    if days >= DAYS_SOON:
        return ok("licence", ja=told[0], en=told[1], about=camera)
    remedy = (
        "切れる前に更新のライセンスを割り当ててください。",
        "Have a renewal allocated or issued before that.",
    )
    return found("hint", "licence", told, remedy, camera)
