"""The language of an answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.web.language import choose_language


@pytest.mark.parametrize(
    ("query", "header", "expected"),
    [
        (None, None, "ja"),
        ("en", "ja", "en"),
        ("fr", "en", "en"),
        (None, "en-GB,en;q=0.9,ja;q=0.8", "en"),
        (None, "ja;q=0.8,en;q=0.9", "en"),
        (None, "fr,de;q=0.5", "ja"),
        (None, "en;q=0,ja;q=0.1", "ja"),
        (None, "EN", "en"),
        (None, "en;q=nonsense", "ja"),
        (None, "en, ja", "en"),
    ],
)
def test_the_query_then_the_browser_then_the_device_decides(
    query: str | None, header: str | None, expected: str
) -> None:
    assert choose_language(query=query, accept_language=header, default="ja") == expected


@given(st.text(), st.text())
def test_any_header_gives_one_of_the_two_languages(query: str, header: str) -> None:
    assert choose_language(query=query, accept_language=header, default="en") in ("ja", "en")
