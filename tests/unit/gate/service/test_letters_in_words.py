"""Every kind of letter, in both languages: says what matters, escapes what came from people, hides what is asked."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from lxml import html

from gate.licence.text import Language, Text
from gate.service.mail import letters
from gate.service.mail.letters import AssignedLicence, EndingLicence, Letter, LetterKind, Recipient
from gate.service.mail.rendering import MASK, TEMPLATES, Words, Written

NOW = datetime(2027, 10, 2, 0, 0, tzinfo=UTC)
WORDS = Words(
    service=Text(ja="エッジ録画サービス", en="Edge recording service"),
    portal="http://127.0.0.1:8700",
    zone=ZoneInfo("Asia/Tokyo"),
)
LANGUAGES: tuple[Language, ...] = ("ja", "en")


def to(language: Language) -> Recipient:
    return Recipient(email="a@example.jp", name='<b>Müller & Söhne</b>\r\nBcc x"', language=language)


def reminder(language: Language, *, days: int | None = 90, hours: int | None = None, renewed: int = 0) -> Letter:
    rows = [
        EndingLicence(licence=f"l{n}", kind="edge", months=12, camera="玄関 <1>" if n else None, renewed=n < renewed)
        for n in range(3)
    ]
    return letters.reminder(
        to(language),
        audience="partner",
        name="partner_90d",
        customer="c",
        customer_name="みどり商店",
        partner="p",
        last_day=date(2027, 12, 31),
        ends=datetime(2027, 12, 31, 15, tzinfo=UTC),
        days=days,
        hours=hours,
        licences=rows,
    )


def every_letter(language: Language) -> Iterator[Letter]:
    someone = to(language)
    yield reminder(language)
    yield letters.reminder(
        someone,
        audience="customer",
        name="customer_1d",
        customer="c",
        customer_name="みどり商店",
        partner="p",
        last_day=date(2027, 12, 31),
        ends=datetime(2027, 12, 31, 15, tzinfo=UTC),
        days=1,
        hours=None,
        licences=[EndingLicence(licence="l", kind="direct", months=36, camera=None, renewed=False)],
    )
    assigned = AssignedLicence(licence="l", kind="edge", camera="玄関", last_day=date(2028, 1, 31))
    for audience in ("partner", "customer"):
        yield letters.licences_assigned(
            someone,
            audience=audience,
            customer="c",
            customer_name="みどり商店",
            partner="p",
            at=NOW,
            licences=[assigned],
        )
    yield letters.licence_moved(
        someone,
        customer="c",
        partner="p",
        at=NOW,
        source="玄関",
        target=None,
        last_day=date(2028, 1, 31),
        actor_name="販売店",
    )
    yield letters.device_registered(
        someone, customer="c", partner="p", at=NOW, device="録画機", kind="edge", cameras=["玄関", "裏口"]
    )
    yield letters.account_created(someone, password="Ab&3<x", expires=NOW, by_name="販売店", partner="p")
    yield letters.password_forgotten(someone, password="Ab&3<x", expires=NOW)
    yield letters.password_expired(someone, account="u", expired=NOW)


def written(letter: Letter, *, at: datetime = NOW, secrets: dict[str, str] | None = None) -> Written:
    return WORDS.write(
        letter.kind,
        letter.to.language,
        name=letter.to.name,
        values=letter.values,
        secrets=letter.secrets if secrets is None else secrets,
        created_at=at,
    )


def test_every_kind_has_a_template_in_each_language_and_no_template_is_left_over() -> None:
    for language in LANGUAGES:
        assert {path.stem for path in (TEMPLATES / language).glob("*.j2")} == set(get_args(LetterKind))
        assert {letter.kind for letter in every_letter(language)} == set(get_args(LetterKind))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_letter_has_a_subject_a_text_and_html_that_says_the_same(language: Language) -> None:
    for letter in every_letter(language):
        words = written(letter)
        assert words.subject and "\n" not in words.subject
        page = html.document_fromstring(words.html)
        assert page.get("lang") == language
        shown = "".join(page.text_content().split()) + " ".join(page.xpath("//a/@href"))
        for line in words.text.splitlines():
            parts = line.replace(": ", " ").removeprefix("- ").removesuffix(":").split(" / ")
            assert all("".join(part.split()) in shown for part in parts if part != "-- "), (letter.kind, line)
        assert not page.xpath("//script | //*[@onclick] | //img")
        assert "<b>" not in words.html and "&lt;b&gt;" in words.html
        assert "\n\n\n" not in words.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_line_of_a_letter_is_in_the_other_language(language: Language) -> None:
    japanese = {"の", "は", "を", "です", "ます"}
    for letter in every_letter(language):
        lines = [line for line in written(letter).text.splitlines() if len(line) > 40]
        assert all(any(mark in line for mark in japanese) == (language == "ja") for line in lines), letter.kind


def test_every_page_that_a_letter_links_to_is_there() -> None:
    pages = "".join(path.read_text() for path in (TEMPLATES.parents[1] / "portal").glob("*_pages.py"))
    for template in TEMPLATES.glob("*/*.j2"):
        for page in re.findall(r'"(/[a-z-]+)"', template.read_text()):
            assert f'method="GET", path="{page}"' in pages, (template, page)


def test_the_time_left_is_what_is_left_on_the_day_of_the_mail() -> None:
    letter = reminder("ja")
    assert "（あと90日）" in written(letter).subject
    late = datetime(2027, 12, 1, tzinfo=UTC)
    assert "（あと30日）" in written(letter, at=late).subject, "an outage made it late"
    assert "過ぎました" in written(letter, at=datetime(2028, 2, 1, tzinfo=UTC)).text


@pytest.mark.parametrize(
    ("days", "hours", "advice"),
    [(90, None, "ご確認ください"), (60, None, "注文書"), (30, None, "割り当ててください"), (14, None, "お忘れ"),
     (None, 24, "ただちに復旧")],
)  # fmt: skip
def test_a_partner_is_told_what_to_do_at_each_distance(days: int | None, hours: int | None, advice: str) -> None:
    assert advice in written(reminder("ja", days=days, hours=hours)).text
    assert advice not in written(reminder("ja", days=days, hours=hours, renewed=3)).text


def test_what_is_renewed_is_said_so() -> None:
    assert "うち 1 件は更新済み" in written(reminder("ja", renewed=1)).text
    assert "更新の有無にかかわらず" in written(reminder("ja", renewed=3)).text


def test_an_end_is_shown_in_the_services_time_zone() -> None:
    text = written(reminder("ja")).text
    assert "最終有効日: 2027年12月31日(金)" in text and "失効する日時: 2028年1月1日(土) 0:00" in text


def test_secrets_are_shown_only_if_given() -> None:
    letter = letters.password_forgotten(to("en"), password="Ab&3<x", expires=NOW)
    assert "Ab&3<x" in written(letter).text and "Ab&amp;3&lt;x" in written(letter).html
    assert "Ab&3<x" not in str(letter.values)
    masked = written(letter, secrets={"password": MASK})
    assert "Ab&3<x" not in masked.text and MASK in masked.text


def test_a_long_list_is_cut_with_a_number() -> None:
    rows = [
        EndingLicence(licence=f"l{n:04}", kind="edge", months=12, camera=f"cam{n:04}", renewed=False)
        for n in range(250)
    ]
    letter = letters.reminder(
        to("en"), audience="customer", name="customer_14d", customer="c", customer_name="x", partner="p",
        last_day=date(2027, 12, 31), ends=NOW, days=14, hours=None, licences=rows,
    )  # fmt: skip
    text = written(letter).text
    assert "250 of your licences" in text and "and 150 more" in text and text.count("cam0") == letters.ROWS_MAX
