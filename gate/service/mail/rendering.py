"""Letters in words: subject, plain text and HTML from one template a kind and language.

`templates/LANGUAGE/KIND.j2` says everything once; the two sets of parts in `templates/text` and `templates/html` make
it plain text or HTML. HTML is escaped. Secrets are shown only if the caller gives them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, pass_context
from jinja2.runtime import Context

from gate.licence.text import Language, Text

TEMPLATES = Path(__file__).parent / "templates"
MASK = "••••••••"
"""What is shown in the place of a secret."""

_LOCALES: dict[Language, str] = {"ja": "ja_JP", "en": "en_GB"}
_DAY = {"ja": "yyyy年M月d日(EEE)", "en": "d MMMM yyyy"}
_INSTANT = {"ja": "yyyy年M月d日(EEE) H:mm", "en": "d MMMM yyyy, HH:mm (z)"}
_KINDS = {
    "edge": Text(ja="エッジストレージ", en="Edge storage"),
    "direct": Text(ja="カメラダイレクト", en="Camera direct"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A letter in words."""

    subject: str
    text: str
    html: str


class Words:
    """Renders letters in the service's time zone. `portal`: its address without a slash at the end."""

    def __init__(self, *, service: Text, portal: str, zone: ZoneInfo) -> None:
        self._service = service
        self._portal = portal
        self._zone = zone
        self._text = self._environment("text", escape=False)
        self._html = self._environment("html", escape=True)

    def write(
        self,
        kind: str,
        language: Language,
        *,
        name: str,
        values: Mapping[str, Any],
        secrets: Mapping[str, str],
        created_at: datetime,
    ) -> Written:
        """The letter as of the day it was created. Raises jinja2.UndefinedError for a value that is missing."""
        context: dict[str, Any] = {
            "name": one_line(name),
            "language": language,
            "service": self._service.in_language(language),
            "portal": self._portal,
        }
        context |= {key: one_line(value) if isinstance(value, str) else value for key, value in values.items()}
        context |= secrets
        if "last_day" in values:
            last_day = date.fromisoformat(values["last_day"])
            context["left"] = (last_day - created_at.astimezone(self._zone).date()).days
        text = self._text.get_template(f"{language}/{kind}.j2")
        html = self._html.get_template(f"{language}/{kind}.j2")
        return Written(
            subject=one_line(_block(text, "subject", context)),
            text=_paragraphs(text.render(context)),
            html=html.render(context),
        )

    def _environment(self, parts: str, *, escape: bool) -> Environment:
        environment = Environment(
            loader=FileSystemLoader([TEMPLATES / parts, TEMPLATES]),
            autoescape=escape,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        environment.filters |= {
            "one_line": one_line,
            "day": self._day,
            "instant": self._instant,
            "left_words": _left_words,
            "kind_name": _kind_name,
            "licence_rows": _licence_rows,
            "assigned_rows": self._assigned_rows,
            "more": _more,
        }
        return environment

    @pass_context
    def _day(self, context: Context, iso: str) -> str:
        return _day(iso, _language(context))

    @pass_context
    def _instant(self, context: Context, iso: str) -> str:
        language = _language(context)
        return format_datetime(
            datetime.fromisoformat(iso), _INSTANT[language], tzinfo=self._zone, locale=_LOCALES[language]
        )

    @pass_context
    def _assigned_rows(self, context: Context, rows: list[dict[str, Any]]) -> list[tuple[str, ...]]:
        language = _language(context)
        pool = Text(ja="お客さまのライセンス", en="spare licences").in_language(language)
        stock = Text(ja="販売店の在庫", en="the dealer's stock").in_language(language)
        return [
            (
                one_line(row["camera"]),
                _kind_name(context, row["kind"]),
                _day(row["last_day"], language),
                stock if row["from_stock"] else pool,
            )
            for row in rows
        ]


def one_line(text: str) -> str:
    """Without line breaks and runs of blanks: names come from people. Markup stays markup."""
    return type(text)(" ".join(text.split()))


def _language(context: Context) -> Language:
    language: Language = context["language"]
    return language


def _day(iso: str, language: Language) -> str:
    return format_date(date.fromisoformat(iso), _DAY[language], locale=_LOCALES[language])


@pass_context
def _left_words(context: Context, days: int) -> str:
    if days > 0:
        words = Text(ja=f"あと{days}日", en="1 day left" if days == 1 else f"{days} days left")
    elif days == 0:
        words = Text(ja="本日まで", en="today")
    else:
        words = Text(ja="終了しました", en="ended")
    return words.in_language(_language(context))


@pass_context
def _kind_name(context: Context, kind: str) -> str:
    return _KINDS[kind].in_language(_language(context))


@pass_context
def _licence_rows(context: Context, rows: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    language = _language(context)
    nowhere = Text(ja="割り当てなし", en="not assigned").in_language(language)
    renewed = Text(ja="更新済み", en="renewed").in_language(language)
    months = Text(ja="{}か月", en="{} months").in_language(language)
    pending = Text(ja="未更新", en="not yet").in_language(language)
    return [
        (
            f"{_kind_name(context, row['kind'])} {months.format(row['months'])}",
            one_line(row["camera"]) if row["camera"] else nowhere,
            renewed if row["renewed"] else pending,
        )
        for row in rows
    ]


@pass_context
def _more(context: Context, count: int) -> str:
    return Text(ja=f"ほか {count} 件", en=f"and {count} more").in_language(_language(context)) if count else ""


def _block(template: Template, name: str, context: Mapping[str, Any]) -> str:
    return "".join(template.blocks[name](template.new_context(dict(context))))


def _paragraphs(text: str) -> str:
    """With one empty line between paragraphs, whatever the template's layout is."""
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"
