"""The verifier's words in Japanese. English is written where it is said, with places for values in braces; its Japanese
stands in `locale/ja.json` under the very English text. What is not there stays as it is: names, codes, other people's
words.

1. `text_of` fills a text whose values are known.
2. `in_language` turns a finished English sentence: the whole of it is looked up, values and all; failing that, its
   clauses (apart at `; ` and `: `) one by one.
3. A value does not reach beyond its clause, but for one that ends a text after `: `: other people's words.
"""

import json
import os
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Literal, cast

Language = Literal["ja", "en"]
LANGUAGES: tuple[Language, ...] = ("ja", "en")
_PLACE = re.compile(r"\\\{(\w+)\\\}")
_LAST = re.compile(r"(?<=:\\ )\\\{(\w+)\\\}$")
_CLAUSES = re.compile(r"(; |: )")
_TEXT_MAX = 4000
_VALUE, _LAST_VALUE = r"(?P<\1>(?:(?!; |: ).)+?)", r"(?P<\1>.+)"
_FULL_WIDTH = {"; ": "。", ": ": "："}


def language_of_locale(environment: Mapping[str, str] = os.environ) -> Language:
    """By the variables that POSIX has for messages: Japanese if they say so, else English."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environment.get(name):
            return "ja" if environment[name].lower().startswith("ja") else "en"
    return "en"


@cache
def japanese() -> Mapping[str, str]:
    """English texts and their Japanese."""
    file = resources.files("gate.verify") / "locale" / "ja.json"
    return cast(dict[str, str], json.loads(file.read_text(encoding="utf-8")))


def text_of(english: str, language: Language, **values: object) -> str:
    """A text of the catalogue with its values, which are said in that language, too."""
    template = japanese().get(english, english) if language == "ja" else english
    return template.format(**{name: in_language(str(value), language) for name, value in values.items()})


def in_language(sentence: str, language: Language) -> str:
    """Rule 2."""
    if language == "en" or not sentence or len(sentence) > _TEXT_MAX:
        return sentence
    return _in_japanese(sentence)


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """Those with places, the longest first: what says more goes before what says less."""
    found = []
    for english in sorted((text for text in japanese() if "{" in text), key=len, reverse=True):
        pattern = _PLACE.sub(_VALUE, _LAST.sub(_LAST_VALUE, re.escape(english)))
        found.append((re.compile(pattern, re.DOTALL), japanese()[english]))
    return found


def _in_japanese(sentence: str) -> str:
    if (whole := _whole(sentence)) is not None:
        return whole
    clauses = _CLAUSES.split(sentence)
    said = [_FULL_WIDTH.get(one) or _whole(one) or one for one in clauses]
    known = any(one != other and one not in _FULL_WIDTH for one, other in zip(clauses, said, strict=True))
    return "".join(said) if known else sentence


def _whole(sentence: str) -> str | None:
    if (same := japanese().get(sentence)) is not None:
        return same
    for pattern, template in _patterns():
        if found := pattern.fullmatch(sentence):
            return template.format(**{name: _in_japanese(value) for name, value in found.groupdict().items()})
    return None
