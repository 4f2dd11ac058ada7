"""Words for refusals: every code, both languages, within the bounds of the protocols."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from gate.licence.decision import DenialCode, Denied
from gate.licence.denials import CLOSE_REASON_BYTES_MAX, TABLE, problem
from gate.licence.features import Feature
from gate.licence.text import Language

X = datetime.fromisoformat("2026-12-31T15:00:00Z")


def test_every_code_has_its_words() -> None:
    assert set(TABLE) == set(DenialCode)
    for row in TABLE.values():
        for text in (row.title, row.detail, row.remedy):
            assert text.ja and text.en and text.ja != text.en


def test_close_codes_and_reasons_fit_into_a_close_frame() -> None:
    for code, row in TABLE.items():
        assert row.websocket_code == 4403
        assert len(row.websocket_reason.encode()) <= CLOSE_REASON_BYTES_MAX
        assert row.websocket_reason == ("licence_expired" if code is DenialCode.EXPIRED else code.value.lower())
    assert len({row.websocket_reason for row in TABLE.values()}) == len(TABLE)


def test_a_problem_has_exactly_the_protocols_fields() -> None:
    denied = Denied(code=DenialCode.EXPIRED, feature=Feature.REMOTE_LIVE, camera="cam1", since=X)
    got = problem(denied, "en")
    assert got == {
        "type": "urn:edge-recorder:denial:EXPIRED",
        "title": "The licence has expired",
        "status": 403,
        "detail": "The licence of camera cam1 expired at 2026-12-31 15:00:00 UTC. Remote live view has stopped.",
        "code": "EXPIRED",
        "feature": "remote_live",
        "camera": "cam1",
        "since": "2026-12-31T15:00:00+00:00",
        "remedy": "Ask your dealer to assign a licence to this camera. Everything comes back at once, "
        "without a restart.",
    }


def test_the_detail_shows_local_time_where_a_zone_is_given() -> None:
    denied = Denied(code=DenialCode.EXPIRED, feature=Feature.RECORDING, camera="cam1", since=X)
    assert "2027-01-01 00:00:00 JST" in problem(denied, "ja", ZoneInfo("Asia/Tokyo"))["detail"]


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("code", DenialCode)
@pytest.mark.parametrize("camera", ["cam1", None])
def test_no_text_has_a_hole(code: DenialCode, language: Language, camera: str | None) -> None:
    since = X if code in (DenialCode.EXPIRED, DenialCode.STALE) else None
    got = problem(Denied(code=code, feature=Feature.REMOTE_MAINTENANCE, camera=camera, since=since), language)
    for name in ("title", "detail", "remedy"):
        assert "{" not in got[name] and "None" not in got[name] and "  " not in got[name]
    assert got["since"] == (X.isoformat() if since else None)
    assert got["camera"] == camera
