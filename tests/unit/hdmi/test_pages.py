"""The pages of text: licences with the matrix, the device, its QR code; lines that break where they may."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import cv2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdmi_out.compositor.canvas import Canvas
from hdmi_out.layout.screen import plan_screen
from hdmi_out.osd import notice_words, page_words
from hdmi_out.osd.palette import type_scale
from hdmi_out.osd.sheet import Code, Ink, Line, wrapped
from hdmi_out.osd.typeface import Typeface, open_typeface
from hdmi_out.osd.words import words_of
from hdmi_out.site_state import SiteState, parse_state
from hdmi_out.views.keys import Key, Pointer
from hdmi_out.views.licence import LicenceView
from hdmi_out.views.registration import RegistrationView
from hdmi_out.views.sheet import Sheet
from hdmi_out.views.view import Moment, Move, Place, Stage

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
ROWS = [("M1", "continues"), ("M2", "stops"), ("M3", "stops"), ("M4", "continues"), ("M9", "stops")]
EXPIRED = {
    "code": "EXPIRED",
    "title": "期限切れです",
    "since": (NOW - timedelta(days=2)).isoformat(),
    "remedy": "販売店に連絡してください。",
}
LABEL = "EDGE1:ER2407-00012/edge-recorder/edge/2026-07-01/ABCDEFGHJKMN/" + "a1" * 32


@pytest.fixture(scope="module")
def face() -> Typeface:
    return open_typeface()


@pytest.fixture
def stage(face: Typeface) -> Stage:
    canvas = Canvas(1280, 720)
    return Stage(canvas=canvas, face=face, scale=type_scale(720), body=plan_screen(1280, 720).body)


def site(*licences: dict[str, Any], denied: Iterable[str] = (), **more: Any) -> SiteState:
    cameras = [{"id": f"cam{n}", "name": f"カメラ{n}", "licence": one} for n, one in enumerate(licences, 1)]
    features = [
        {
            "id": row,
            "name": row,
            "lapsed": lapsed,
            "allowed": True,
            "denied_cameras": list(denied) if lapsed == "stops" and row != "M9" else [],
        }
        for row, lapsed in ROWS
    ]
    return parse_state(json.dumps({"device": {"id": "rec-1"}, "cameras": cameras, "features": features} | more))


def active(days: float) -> dict[str, Any]:
    until = NOW + timedelta(days=days)
    return {
        "state": "active",
        "until": until.isoformat(),
        "last_day": (until - timedelta(seconds=1)).date().isoformat(),
    }


def at(state: SiteState | None, language: str = "ja") -> Moment:
    return Moment(
        now=NOW,
        monotonic_ns=0,
        zone=ZoneInfo("Asia/Tokyo"),
        words=words_of(language),
        state=state,
        lost_seconds=None,
        live={},
    )


def painted(monkeypatch: pytest.MonkeyPatch, view: Any, moment: Moment) -> list[Any]:
    """The pieces of a page, from the top."""
    found: list[Any] = []
    compose = Sheet.compose

    def keep(self: Sheet, pieces: Any, *, whole: bool) -> None:
        found[:] = [pieces[area] for area in sorted(pieces, key=lambda area: (area.x > 500, area.y))]
        compose(self, pieces, whole=whole)

    monkeypatch.setattr(Sheet, "compose", keep)
    view.compose(moment, whole=True)
    return found


def texts(pieces: Iterable[Any]) -> list[list[str]]:
    return [[cell.text for cell in piece.cells] for piece in pieces if isinstance(piece, Line)]


@pytest.mark.parametrize(("language", "valid", "expired", "left"), [
    ("ja", "有効", "期限切れ", "あと9日"), ("en", "valid", "expired", "9 days left"),
])  # fmt: skip
def test_each_camera_has_its_state_its_last_day_and_what_remains(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, language: str, valid: str, expired: str, left: str
) -> None:
    state = site(active(400), {"state": "lapsed", "denial": EXPIRED}, active(9.5), denied=["cam2"])
    lines = texts(painted(monkeypatch, LicenceView(stage), at(state, language)))
    rows = {line[0]: line[1:] for line in lines}
    assert rows["カメラ1"][0] == valid and "2027" in rows["カメラ1"][1]
    assert rows["カメラ2"][0] == expired and "20" in rows["カメラ2"][1]
    assert rows["カメラ3"][0] == left
    assert any("2" in cell and "3" in cell for cell in lines[0]), "how many are licensed"


def test_the_chosen_camera_has_the_matrix_and_its_remedy(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    state = site(active(400), {"state": "lapsed", "denial": EXPIRED}, denied=["cam2"])
    view = LicenceView(stage)
    before = texts(painted(monkeypatch, view, at(state)))
    assert all("○" in line[1] for line in before if line[0].startswith("M"))
    assert view.act(Key.DOWN, at(state)) is Move.STAY
    lines = texts(painted(monkeypatch, view, at(state)))
    marks = {line[0][:2]: (line[1][0], line[2][0]) for line in lines if line[0].startswith("M")}
    assert marks == {"M1": ("○", "○"), "M2": ("×", "×"), "M3": ("×", "×"), "M4": ("○", "○"), "M9": ("○", "×")}
    assert ["期限切れです"] in lines and ["販売店に連絡してください。"] in lines


def test_in_grace_everything_runs_and_the_page_says_until_when(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    grace = {"state": "lapsed", "denial": EXPIRED, "grace_until": (NOW + timedelta(days=28)).isoformat()}
    lines = texts(painted(monkeypatch, LicenceView(stage), at(site(grace))))
    assert ["カメラ1", "猶予期間", "猶予は2026/12/20まで"] in lines
    assert all("○" in line[1] for line in lines if line[0].startswith("M"))


def test_many_cameras_scroll_with_the_chosen_one(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    state = site(*[active(400)] * 40)
    view = LicenceView(stage)
    for _ in range(25):
        view.act(Key.DOWN, at(state))
    lines = painted(monkeypatch, view, at(state))
    chosen = [piece.cells[0].text for piece in lines if isinstance(piece, Line) and piece.chosen]
    assert chosen == ["カメラ26"]


def test_a_device_that_is_nobodys_shows_a_code_that_a_phone_can_read(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = {"phase": "connected", "registered": False, "serial": "ER1", "code": "ABCD-EFGH-JKMN", "label": LABEL}
    state = site(active(1), licence={"service": service})
    pieces = painted(monkeypatch, RegistrationView(stage), at(state))
    assert Code(LABEL) in pieces and ["登録コード", "ABCD-EFGH-JKMN"] in texts(pieces)
    picture = cv2.cvtColor(stage.canvas.buffer, cv2.COLOR_YUV2BGR_I420)
    assert cv2.QRCodeDetector().detectAndDecode(picture)[0] == LABEL


@pytest.mark.parametrize(("service", "said"), [
    (None, "ライセンスファイル"), ({"registered": True}, "登録済み"), ({"registered": None}, "問い合わせ"),
])  # fmt: skip
def test_a_device_that_need_not_register_says_so(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, service: dict[str, Any] | None, said: str
) -> None:
    state = site(active(1), licence={"service": service})
    lines = texts(painted(monkeypatch, RegistrationView(stage), at(state)))
    assert any(said in cell for line in lines[1:] for cell in line)


def test_left_and_right_lead_to_the_pages_beside_and_back_leaves(stage: Stage) -> None:
    here = at(site(active(1), licence={"service": {"registered": True}}))
    assert LicenceView(stage).act(Key.RIGHT, here) == Place(view="device")
    assert LicenceView(stage).act(Key.LEFT, here) == Place(view="registration")
    assert LicenceView(stage).act(Key.BACK, here) is Move.BACK
    by_file = at(site(active(1)))
    assert LicenceView(stage).act(Key.LEFT, by_file) == Place(view="device"), "one registers with a service only"


def test_a_press_on_the_name_of_a_page_leads_there(stage: Stage) -> None:
    here = at(site(active(1), licence={"service": {"registered": True}}))
    places = set()
    for view in (LicenceView(stage), RegistrationView(stage)):
        view.compose(here, whole=True)
        y = stage.body.y + stage.body.height // 20
        places |= {view.act(Pointer(x, y, pressed=True), here) for x in range(0, stage.body.width, 20)}
    assert places == {Place(view=name) for name in ("licence", "device", "registration")} | {Move.STAY}


def test_while_the_recorder_is_lost_nothing_is_said_to_run(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = replace(at(site(active(400))), lost_seconds=3.0)
    lines = texts(painted(monkeypatch, LicenceView(stage), lost))
    assert len(lines) == 1 and "読み込んで" in lines[0][-1]


def test_before_the_recorder_has_spoken_pages_wait(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    for view in (LicenceView(stage), RegistrationView(stage)):
        assert painted(monkeypatch, view, at(None))


def test_lines_that_did_not_change_are_not_painted_again(stage: Stage) -> None:
    view, moment = LicenceView(stage), at(site(active(400)))
    view.compose(moment, whole=True)
    stage.canvas.changed.clear()
    view.compose(moment, whole=False)
    assert stage.canvas.changed == []


@pytest.mark.parametrize(
    "text",
    ["販売店に連絡し、このカメラにライセンスを割り当ててください。割り当てると再起動なしで復旧します。",
     "Ask your dealer to assign a licence to this camera. Everything comes back at once."],
)  # fmt: skip
def test_sentences_break_between_words_and_not_before_closing_marks(face: Typeface, text: str) -> None:
    lines = wrapped(text, face, 18, 300, 9)
    assert len(lines) > 2 and all(face.width(line, 18) <= 300 for line in lines)
    assert not [line for line in lines if line[0] in "。、）」ー・ "]
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@given(st.text(max_size=200), st.integers(1, 5))
def test_any_text_is_wrapped_within_its_lines(text: str, lines_max: int) -> None:
    lines = wrapped(text, _FACE, 16, 200, lines_max)
    assert len(lines) <= lines_max


_FACE = open_typeface()


def test_both_languages_have_every_word() -> None:
    for one, other in ((page_words._JA, page_words._EN), (notice_words._JA, notice_words._EN)):
        for name in one.__dataclass_fields__:
            ja, en = getattr(one, name), getattr(other, name)
            assert ja and en and type(ja) is type(en), name
            if isinstance(ja, dict):
                assert ja.keys() == en.keys(), name
            elif isinstance(ja, str):
                assert ja.count("{") == en.count("{"), name


@pytest.mark.parametrize("words", [page_words._JA, page_words._EN])
def test_no_function_of_the_matrix_is_cut_off(stage: Stage, words: page_words.PageWords) -> None:
    row = Sheet(stage).rows(0.5, 1.0)[0]
    room = (row.width - 2 * stage.scale.small) * 0.585
    assert not [text for text in words.rows.values() if stage.face.width(f"M9  {text}", stage.scale.small) > room]


def test_every_ink_is_seen_on_the_background(stage: Stage) -> None:
    assert all(ink.value.y > 90 for ink in Ink)
