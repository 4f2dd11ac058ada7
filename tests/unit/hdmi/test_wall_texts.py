"""What the wall says, in both languages."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdmi_out.osd import model
from hdmi_out.osd.model import Mark, Tone
from hdmi_out.osd.words import Words, words_of
from hdmi_out.site_state import SiteState, parse_state

TOKYO = ZoneInfo("Asia/Tokyo")
X = datetime(2027, 12, 31, 15, tzinfo=UTC)
EXPIRED = {"code": "EXPIRED", "title": "期限切れ", "since": X.isoformat(), "remedy": "販売店に連絡"}
FEATURES = [
    {"id": "M1", "name": "hdmi_live", "lapsed": "continues"},
    {"id": "M2", "name": "remote_live", "lapsed": "stops"},
    {"id": "M3", "name": "recording", "lapsed": "stops"},
]


def camera(name: str, phase: str = "recording", **licence: Any) -> dict[str, Any]:
    return {
        "id": f"id-{name}",
        "name": name,
        "streams": {"main": {"phase": "streaming"}, "sub": {"phase": "stalled"}},
        "recording": {"phase": phase},
        "licence": {"state": "active"} | licence,
    }


def site(*cameras: dict[str, Any], **more: Any) -> SiteState:
    return parse_state(json.dumps({"device": {"id": "rec-1"}, "cameras": cameras, "features": FEATURES} | more))


def said(state: SiteState | None, language: str, now: datetime = X, lost: float | None = None) -> model.Message:
    return model.message(state, now, TOKYO, words_of(language), lost_seconds=lost)


@pytest.mark.parametrize(
    ("phase", "mark", "ja", "en"),
    [
        ("recording", Mark.RECORDING, "REC", "REC"),
        ("stopped", Mark.STOPPED, "録画停止", "NOT RECORDING"),
        ("waiting", Mark.WAITING, "録画待機", "WAITING"),
    ],
)
def test_label_says_whether_the_camera_records(phase: str, mark: Mark, ja: str, en: str) -> None:
    entrance = site(camera("玄関", phase)).cameras[0]
    for language, text in (("ja", ja), ("en", en)):
        label = model.tile_label(entrance, words_of(language), reachable=True)
        assert (label.name, label.state, label.mark) == ("玄関", text, mark)


def test_label_claims_no_recording_while_the_recorder_is_unreachable() -> None:
    label = model.tile_label(site(camera("玄関")).cameras[0], words_of("ja"), reachable=False)
    assert (label.state, label.mark) == ("", Mark.NONE)


def test_camera_without_a_name_is_called_by_its_id() -> None:
    nameless = parse_state('{"cameras": [{"id": "cam7"}]}').cameras[0]
    assert model.tile_label(nameless, words_of("en"), reachable=True).name == "cam7"


@pytest.mark.parametrize(
    ("seconds", "ja", "en"),
    [
        (0, "0秒", "0 s"),
        (12.9, "12秒", "12 s"),
        (60, "1分", "1 min"),
        (3599, "59分", "59 min"),
        (7260, "2時間1分", "2 h 1 min"),
        (90000, "1日1時間", "1 d 1 h"),
    ],
)
def test_no_signal_card_shows_its_age(seconds: float, ja: str, en: str) -> None:
    entrance = site(camera("玄関")).cameras[0]
    assert model.no_signal_card(entrance, seconds, words_of("ja")) == model.Card(
        title="映像なし", age=ja, detail="カメラから映像が届きません"
    )
    assert model.no_signal_card(entrance, seconds, words_of("en")).age == en
    assert model.no_signal_card(entrance, seconds, words_of("en")).title == "No signal"


def test_no_signal_card_has_no_age_before_the_first_picture_and_says_why_it_is_refused() -> None:
    card = model.no_signal_card(site(camera("玄関")).cameras[0], None, words_of("ja"), refusal="権限がありません")
    assert (card.age, card.detail) == ("", "権限がありません")


def test_band_says_since_when_what_stopped_what_goes_on_and_what_to_do() -> None:
    lapsed = site(camera("玄関", state="lapsed", denial=EXPIRED), camera("駐車場"))
    assert said(lapsed, "ja") == model.Message(
        tone=Tone.BAND,
        title="ライセンス切れ",
        aside="2028/01/01 00:00から　玄関",
        facts=(
            model.Fact(label="停止中", text="遠隔ライブ・録画", goes_on=False),
            model.Fact(label="継続中", text="HDMIライブ", goes_on=True),
        ),
        action="ライセンスを割り当ててください",
    )
    english = said(lapsed, "en")
    assert english.aside == "since 1 Jan 2028 00:00  ·  玄関"
    assert [fact.text for fact in english.facts] == ["Remote live, recording", "HDMI live"]
    assert english.action == "Assign a licence"


def test_band_takes_what_continues_from_the_state_not_from_itself() -> None:
    features = [
        {"id": "M4", "name": "hdmi_playback", "lapsed": "stops"},
        {"id": "M99", "name": "new", "lapsed": "stops"},
    ]
    state = site(camera("玄関", state="lapsed", denial=EXPIRED), features=features)
    assert [fact.text for fact in said(state, "ja").facts] == ["HDMI再生・new"]


def test_band_of_other_refusals_says_their_own_remedy() -> None:
    denial = {"code": "SOMETHING_NEW", "title": "別の理由", "since": None, "remedy": "こうしてください"}
    band = said(site(camera("玄関", state="lapsed", denial=denial)), "ja")
    assert (band.title, band.aside, band.action) == ("別の理由", "玄関", "こうしてください")


def test_band_counts_many_cameras_and_starts_with_the_earliest() -> None:
    later = EXPIRED | {"since": (X + timedelta(days=1)).isoformat()}
    lapsed = [camera(str(i), state="lapsed", denial=later if i else EXPIRED) for i in range(3)]
    assert said(site(*lapsed, camera("駐車場")), "ja").aside == "2028/01/01 00:00から　3台"
    assert said(site(*lapsed), "ja").aside == "2028/01/01 00:00から　全カメラ"


@pytest.mark.parametrize(
    ("before", "ja", "en"),
    [
        (timedelta(days=14), "ライセンス終了まで あと14日", "Licence ends in 14 days"),
        (timedelta(days=13, hours=23), "ライセンス終了まで あと13日", "Licence ends in 13 days"),
        (timedelta(days=1), "ライセンス終了まで あと1日", "Licence ends in 1 day"),
        (timedelta(hours=23, minutes=5), "ライセンス終了まで あと23時間05分", "Licence ends in 23 h 05 min"),
        (timedelta(seconds=69), "ライセンス終了まで あと1:09", "Licence ends in 1:09"),
    ],
)
def test_licence_counts_down_in_its_last_14_days(before: timedelta, ja: str, en: str) -> None:
    state = site(camera("玄関", until=X.isoformat(), last_day="2027-12-31"), camera("駐車場"))
    assert said(state, "ja", X - before).title == ja
    assert said(state, "en", X - before).title == en
    assert said(state, "ja", X - before).facts == (model.Fact(text="2027/12/31まで　玄関"),)


def test_licence_does_not_count_down_before_that_and_a_lapse_is_more_important() -> None:
    ending = camera("玄関", until=X.isoformat())
    assert said(site(ending), "ja", X - timedelta(days=14, seconds=1)).tone is Tone.CALM
    assert (
        said(site(ending, camera("a", state="lapsed", denial=EXPIRED)), "ja", X - timedelta(days=1)).tone is Tone.BAND
    )


def test_unreachable_recorder_is_said_with_its_age_and_over_everything_else() -> None:
    state = site(camera("玄関", state="lapsed", denial=EXPIRED))
    alarm = said(state, "ja", lost=75)
    assert (alarm.tone, alarm.title, alarm.aside) == (Tone.ALARM, "レコーダーに接続できません", "1分前から")
    assert said(None, "en", lost=75).title == "Recorder not reachable"


def test_recorder_may_take_a_moment_to_start_without_alarm() -> None:
    assert said(None, "ja", lost=1).tone is Tone.CALM
    assert said(site(camera("玄関")), "ja", lost=1).tone is Tone.ALARM


@pytest.mark.parametrize(
    ("phases", "ja", "en"),
    [
        (["recording"], "録画中", "Recording"),
        (["recording"] * 4, "4台すべて録画中", "All 4 cameras recording"),
        (["recording", "waiting", "stopped"], "3台中1台を録画中", "1 of 3 cameras recording"),
        ([], "カメラが登録されていません", "No cameras registered"),
    ],
)
def test_calm_bar_sums_up(phases: list[str], ja: str, en: str) -> None:
    state = site(*(camera(str(i), phase) for i, phase in enumerate(phases)))
    assert said(state, "ja").title == ja
    assert said(state, "en").title == en
    assert said(state, "ja").tone is Tone.CALM


def test_a_view_says_of_itself_what_it_shows_while_all_is_calm() -> None:
    calm = model.message(site(camera("玄関")), X, TOKYO, words_of("ja"), lost_seconds=None, caption="ページ 2/3")
    assert calm.aside == "ページ 2/3　rec-1"


def test_disk_and_licence_messages_of_the_recorder_are_shown() -> None:
    notice = said(site(camera("玄関"), storage={"message": "残り容量がありません"}), "ja")
    assert (notice.tone, notice.facts[0].text) == (Tone.NOTICE, "残り容量がありません")
    both = site(camera("玄関"), storage={"message": "disk"}, licence={"message": "licence file is broken"})
    assert said(both, "en").facts[0].text == "licence file is broken"


def test_time_is_the_sites_in_its_zone() -> None:
    assert model.time_panel(X, TOKYO, words_of("ja")) == model.TimePanel(time="00:00:00", day="1月1日 (土)")
    assert model.time_panel(X, ZoneInfo("UTC"), words_of("en")) == model.TimePanel(time="15:00:00", day="Fri 31 Dec")


@given(st.floats(0, 1e9), st.sampled_from([words_of("ja"), words_of("en")]))
def test_an_age_never_has_a_unit_too_large(seconds: float, words: Words) -> None:
    text = model.duration(seconds, words)
    numbers = [int(part) for part in "".join(c if c.isdigit() else " " for c in text).split()]
    assert len(numbers) <= 2
    assert all(number < 60 for number in numbers) or seconds >= 86400


def test_state_with_a_wrong_field_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"cameras\.0\.id"):
        parse_state('{"cameras": [{"name": "玄関"}]}')
    with pytest.raises(ValueError, match="JSON"):
        parse_state("{")


def test_the_band_says_stopped_of_what_stands_still_only() -> None:
    features = [
        {"id": "M3", "name": "recording", "lapsed": "stops", "allowed": True, "denied_cameras": ["a"]},
        {"id": "M9", "name": "remote_maintenance", "lapsed": "stops", "allowed": True, "denied_cameras": []},
    ]
    band = said(site(camera("a", state="lapsed", denial=EXPIRED), camera("b"), features=features), "ja")
    assert [fact.text for fact in band.facts] == ["録画"]


def test_a_refused_licence_file_is_said_in_the_band_too() -> None:
    state = site(camera("a", state="lapsed", denial=EXPIRED), licence={"message": "BAD_SIGNATURE"})
    assert "BAD_SIGNATURE" in [fact.text for fact in said(state, "ja").facts]


@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_disk_in_trouble_and_a_lapse_are_both_said(language: str) -> None:
    state = site(camera("a", state="lapsed", denial=EXPIRED), storage={"message": "disk full"})
    band = said(state, language)
    labels = [fact.label for fact in band.facts]
    words = words_of(language)
    assert band.tone is Tone.BAND
    assert labels == [words.lapsed_stopped, words.lapsed_continues, words.storage_title]
    assert band.facts[2].text == "disk full"


def test_a_disk_in_trouble_does_not_hide_a_countdown_nor_one_camera_s_lapse_another_s() -> None:
    ending = camera("b", until=(X + timedelta(days=3)).isoformat())
    notice = said(site(ending, storage={"message": "disk full"}), "en")
    assert [fact.text for fact in notice.facts] == ["disk full", "Licence ends in 3 days  ·  until 3 Jan 2028  ·  b"]
    band = said(site(camera("a", state="lapsed", denial=EXPIRED), ending), "en")
    assert band.tone is Tone.BAND and band.facts[-1].text.startswith("Licence ends in 3 days")


def test_a_countdown_is_calm_until_its_last_day_and_amber_then() -> None:
    tones = [
        said(site(camera("a", until=X.isoformat())), "ja", X - before).tone
        for before in (timedelta(days=13), timedelta(days=1, seconds=1), timedelta(days=1), timedelta(seconds=5))
    ]
    assert tones == [Tone.NOTICE, Tone.NOTICE, Tone.URGENT, Tone.URGENT]


def test_in_grace_the_band_says_until_when_everything_goes_on() -> None:
    features = [row | {"allowed": True, "denied_cameras": []} for row in FEATURES]
    grace = camera("a", state="lapsed", denial=EXPIRED, grace_until=(X + timedelta(days=30)).isoformat())
    band = said(site(grace, features=features), "ja")
    assert "猶予は2028/01/31 00:00まで" in band.aside
    assert [(fact.goes_on, fact.text.count("・")) for fact in band.facts] == [(True, 2)]


def test_what_goes_on_by_the_profile_is_said_to_go_on() -> None:
    features = [row | {"allowed": True, "denied_cameras": []} for row in FEATURES]
    features[2] = features[2] | {"lapsed": "continues"}
    features[1] = features[1] | {"allowed": False, "denied_cameras": ["id-a"]}
    band = said(site(camera("a", state="lapsed", denial=EXPIRED), features=features), "ja")
    assert [fact.text for fact in band.facts] == ["遠隔ライブ", "HDMIライブ・録画"]
