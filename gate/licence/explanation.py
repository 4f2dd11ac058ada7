"""Why a feature may or may not run: the chain behind a decision, link by link, as a value.

feature → profile row → binding → licence → interval → clock evidence. A decision needs every link to hold, except that
a profile row that goes on in any case needs no other.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import Any, Literal

from gate.licence.clock_evidence import ClockEvidence
from gate.licence.decision import Decision, Denied, Granted, decide, entitled_spans
from gate.licence.denials import problem
from gate.licence.entitlement import Entitlement, Interval, Kind
from gate.licence.features import Feature
from gate.licence.profile import Profile
from gate.licence.text import Language, Text

LinkName = Literal["feature", "profile", "binding", "licence", "interval", "clock"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """`camera` None: the device itself. `at`: the moment asked about. `kind`: the device's."""

    feature: Feature
    camera: str | None
    at: datetime
    kind: Kind = "edge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One link. `holds` None: it is not needed. `facts`: JSON values."""

    name: LinkName
    holds: bool | None
    text: Text
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A decision with the whole chain behind it."""

    question: Question
    decision: Decision
    chain: tuple[Link, ...]


def explain(
    question: Question,
    entitlement: Entitlement | None,
    profile: Profile,
    clock: ClockEvidence | None,
    zone: tzinfo = UTC,
) -> Explanation:
    """Explains the decision. `clock` None: another moment than now is asked about, or nobody runs whose clock could be
    judged; the clock is then taken to be right. Instants in texts are shown in `zone`."""
    trusted = clock is None or clock.doubt is None
    decision = decide(
        entitlement,
        profile,
        question.feature,
        question.camera,
        question.at,
        clock_trusted=trusted,
        kind=question.kind,
    )
    needed = question.feature not in profile.continues
    links = (
        _feature(question),
        _profile(question, profile, entitlement),
        _binding(question, entitlement),
        _licence(question, entitlement, profile, zone),
        _interval(question, entitlement, profile, zone),
        _clock(question, entitlement, clock),
    )
    chain = tuple(
        link if needed or link.name in ("feature", "profile") else replace(link, holds=None) for link in links
    )
    return Explanation(question=question, decision=decision, chain=chain)


def as_json(explanation: Explanation, language: Language, zone: tzinfo = UTC) -> dict[str, Any]:
    """The explanation as JSON values, texts in one language."""
    decision, question = explanation.decision, explanation.question
    return {
        "feature": question.feature.value,
        "camera": question.camera,
        "at": question.at.isoformat(),
        "decision": decision_json(decision),
        "problem": problem(decision, language, zone) if isinstance(decision, Denied) else None,
        "chain": [
            {"link": link.name, "holds": link.holds, "text": link.text.in_language(language), **link.facts}
            for link in explanation.chain
        ],
    }


def decision_json(decision: Decision) -> dict[str, Any]:
    """`{"granted": …}` with its bounds or its code."""
    if isinstance(decision, Granted):
        return {"granted": True, "since": _iso(decision.since), "until": _iso(decision.until)}
    return {"granted": False, "code": decision.code.value, "since": _iso(decision.since)}


def _feature(question: Question) -> Link:
    feature = question.feature
    return Link(
        name="feature",
        holds=True,
        text=Text(
            ja=f"{feature.matrix_id} {feature.title.ja}",
            en=f"{feature.matrix_id}, {feature.title.en}",
        ),
        facts={"row": feature.matrix_id},
    )


def _profile(question: Question, profile: Profile, entitlement: Entitlement | None) -> Link:
    continues, stale = question.feature in profile.continues, question.feature in profile.survives_stale
    same = entitlement is None or entitlement.profile_sha256 == profile.sha256
    facts: dict[str, Any] = {
        "profile": profile.name,
        "sha256": profile.sha256,
        "lapsed": "continues" if continues else "stops",
    }
    if continues:
        text = Text(
            ja=f"プロファイル {profile.name} では、期限後も継続します。",
            en=f"Under {profile.name} it goes on without a licence.",
        )
    elif not same:
        assert entitlement is not None
        text = Text(
            ja=f"ライセンスはプロファイル {entitlement.profile} 用ですが、機器は {profile.name} を使用しています。",
            en=f"The licence was made for the profile {entitlement.profile}, "
            f"the device runs another one ({profile.name}).",
        )
    else:
        text = Text(
            ja=f"プロファイル {profile.name} では、期限後に停止します"
            + ("（サービス不通では継続）。" if stale else "。"),
            en=f"Under {profile.name} it needs a licence"
            + (" (it outlives one that is only stale)." if stale else "."),
        )
    facts |= {
        "survives_stale": stale,
        "grace_seconds": int(profile.grace.total_seconds()),
        "signed_for_this_profile": same,
    }
    return Link(name="profile", holds=continues or same, text=text, facts=facts)


def _binding(question: Question, entitlement: Entitlement | None) -> Link:
    camera = question.camera
    grants = entitlement.cameras if entitlement else {}
    cameras = [name for name, grant in grants.items() if grant.kind == question.kind]
    if camera is None:
        holds = bool(cameras)
        text = Text(
            ja=f"機器の機能です。ライセンスのあるカメラ: {'、'.join(cameras) or 'なし'}。",
            en=f"It is the device's; cameras with a licence: {', '.join(cameras) or 'none'}.",
        )
        return Link(name="binding", holds=holds, text=text, facts={"cameras": cameras})
    grant = grants.get(camera)
    if grant is None:
        text = Text(
            ja=f"カメラ {camera} にはライセンスが割り当てられていません。",
            en=f"No licence is bound to camera {camera}.",
        )
    elif grant.kind != question.kind:
        text = Text(
            ja=f"カメラ {camera} のライセンスは {grant.kind} 用です。この機器には {question.kind} 用が必要です。",
            en=f"Camera {camera} has a licence of the kind {grant.kind}; this device needs the kind {question.kind}.",
        )
    else:
        text = Text(
            ja=f"カメラ {camera} に {grant.kind} ライセンスが割り当てられています。",
            en=f"A licence of the kind {grant.kind} is bound to camera {camera}.",
        )
    holds = grant is not None and grant.kind == question.kind
    return Link(name="binding", holds=holds, text=text, facts={"kind": grant.kind if grant else None})


def _licence(question: Question, entitlement: Entitlement | None, profile: Profile, zone: tzinfo) -> Link:
    if entitlement is None:
        text = Text(ja="有効なライセンスファイルがまだありません。", en="The device has no licence document yet.")
        return Link(name="licence", holds=False, text=text, facts={"seq": None})
    stale_after = entitlement.stale_after
    stale = stale_after is not None and stale_after <= question.at
    issued = _shown(entitlement.issued_at, zone)
    text = Text(
        ja=f"番号 {entitlement.seq}、{issued} 発行" + ("、更新期限切れ。" if stale else "。"),
        en=f"Number {entitlement.seq}, issued {issued}" + ("; it is stale." if stale else "."),
    )
    facts = {
        "seq": entitlement.seq,
        "kid": entitlement.kid,
        "device": entitlement.device_id,
        "issued_at": _iso(entitlement.issued_at),
        "stale_after": _iso(stale_after),
        "stale": stale,
    }
    holds = not stale or question.feature in profile.survives_stale
    return Link(name="licence", holds=holds, text=text, facts=facts)


def _interval(question: Question, entitlement: Entitlement | None, profile: Profile, zone: tzinfo) -> Link:
    spans = entitled_spans(entitlement, profile, question.camera, question.kind) if entitlement else ()
    at = question.at
    current = next((span for span in spans if span.start <= at < span.end), None)
    ended = max((span for span in spans if span.end <= at), default=None)
    coming = min((span for span in spans if span.start > at), default=None)
    if current is not None:
        text = Text(ja=f"期間内: {_range(current, zone)}", en=f"Within {_range(current, zone)}")
    elif ended is not None:
        text = Text(ja=f"{_shown(ended.end, zone)} に終了", en=f"Ended at {_shown(ended.end, zone)}")
    else:
        text = Text(ja="この時点までに始まった期間はありません", en="No term has begun by then")
    if coming is not None:
        text = Text(ja=f"{text.ja}。次: {_range(coming, zone)}", en=f"{text.en}; next {_range(coming, zone)}")
    return Link(
        name="interval",
        holds=current is not None,
        text=Text(ja=f"{text.ja}。", en=f"{text.en}."),
        facts={"current": _pair(current), "ended": _pair(ended), "coming": _pair(coming)},
    )


def _clock(question: Question, entitlement: Entitlement | None, clock: ClockEvidence | None) -> Link:
    reached = entitlement is None or entitlement.issued_at <= question.at
    facts: dict[str, Any] = {"source": None, "doubt": None, "floor": None, "issue_reached": reached}
    if clock is None:
        text = Text(ja="指定された時刻を正しいものとして判定しました。", en="The moment asked about is taken as it is.")
    else:
        text = clock.text
        facts |= {
            "source": clock.source.value,
            "doubt": clock.doubt.value if clock.doubt else None,
            "floor": _iso(clock.floor),
        }
    if not reached:
        text = Text(ja="ライセンスの発行時刻より前です。", en="It is before the licence was issued.")
    return Link(name="clock", holds=reached and (clock is None or clock.doubt is None), text=text, facts=facts)


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def _shown(instant: datetime, zone: tzinfo) -> str:
    return f"{instant.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"


def _range(span: Interval, zone: tzinfo) -> str:
    return f"{_shown(span.start, zone)} – {_shown(span.end, zone)}"


def _pair(span: Interval | None) -> list[str] | None:
    return [span.start.isoformat(), span.end.isoformat()] if span else None
