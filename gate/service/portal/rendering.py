"""Templates, filled in: jinja2 with everything escaped, every missing name an error, dates in the reader's language."""

from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from typing import Any

from babel.dates import format_date, format_datetime
from jinja2 import Environment, PackageLoader, StrictUndefined

from gate.licence.facts import Fact
from gate.licence.term import last_day_of
from gate.licence.text import Language
from gate.service.portal.catalogue import LANGUAGES, load_catalogue
from gate.service.portal.translation import Translation

_DAY = {"ja": "y年M月d日(E)", "en": "E d MMM y"}
_TIME = {"ja": "y/MM/dd HH:mm", "en": "d MMM y, HH:mm"}


class Rendering:
    """Fills in templates. `zone`: in which instants are shown."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._translations = {language: Translation(load_catalogue(language)) for language in LANGUAGES}
        self._environment = Environment(
            loader=PackageLoader("gate.service.portal", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )

    def words(self, language: Language) -> Translation:
        """The texts of a language."""
        return self._translations[language]

    def page(self, template: str, language: Language, context: Mapping[str, Any]) -> str:
        """A page's HTML. Raises jinja2.TemplateError for a template that is wrong."""

        words = self._translations[language]

        def day(value: date) -> str:
            return format_date(value, _DAY[language], locale=language)

        def moment(value: datetime) -> str:
            return format_datetime(value.astimezone(self._zone).replace(tzinfo=None), _TIME[language], locale=language)

        def clock_time(value: datetime) -> str:
            return f"{value.astimezone(self._zone):%H:%M}"

        def last_day(end: datetime) -> date:
            return last_day_of(end, self._zone)

        def action_words(action: str) -> str:
            return words(f"action.{action}") if words.has(f"action.{action}") else action

        return self._environment.get_template(template).render(
            **context,
            language=language,
            t=words,
            has_text=words.has,
            day=day,
            moment=moment,
            clock_time=clock_time,
            last_day=last_day,
            action_words=action_words,
            kind_name=_kind_name,
        )


def _kind_name(fact: Fact) -> str:
    return type(fact).__name__
