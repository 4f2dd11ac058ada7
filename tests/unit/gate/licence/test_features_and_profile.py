"""The matrix M1 to M9, as the manual has it."""

from dataclasses import replace

import pytest

from gate.licence.features import Feature
from gate.licence.profile import REMO

MATRIX = {"M1": "○", "M2": "×", "M3": "×", "M4": "○", "M5": "×", "M6": "○", "M7": "○", "M8": "×", "M9": "×"}


@pytest.mark.parametrize(("matrix_id", "sign"), MATRIX.items())
def test_remo_is_the_manuals_matrix(matrix_id: str, sign: str) -> None:
    features = [feature for feature in Feature if feature.matrix_id == matrix_id]
    assert features
    assert {feature in REMO.continues for feature in features} == {sign == "○"}


def test_m2_has_live_control_and_download() -> None:
    m2 = {feature.value for feature in Feature if feature.matrix_id == "M2"}
    assert m2 == {"remote_live", "remote_control", "remote_download"}


def test_every_feature_has_a_name_in_both_languages() -> None:
    names = [feature.title for feature in Feature]
    assert all(name.ja and name.en for name in names)
    assert len({name.ja for name in names}) == len({name.en for name in names}) == len(Feature) == 11


def test_an_edited_profile_has_another_hash() -> None:
    softer = replace(REMO, continues=REMO.continues | {Feature.RECORDING})
    stricter = replace(REMO, survives_stale=frozenset())
    assert len({REMO.sha256, softer.sha256, stricter.sha256, replace(REMO, name="other").sha256}) == 4


def test_the_hash_of_remo_is_the_one_that_stands_in_issued_licences() -> None:
    assert REMO.sha256 == "243c87d0dca9340a57bee2300ba23880d21c03f060c6e6babc4f686ce8d7b39a"
