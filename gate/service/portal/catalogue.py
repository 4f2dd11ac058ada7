"""The words of the pages: one JSON file a language, read once. A missing key is an error, not an empty place."""

import json
from collections.abc import Mapping
from importlib import resources
from typing import cast

from gate.licence.text import Language

LANGUAGES: tuple[Language, ...] = ("ja", "en")
_RANGES_MAX = 32
"""Language ranges of one Accept-Language header that are looked at."""


def load_catalogue(language: Language) -> Mapping[str, str]:
    """All texts of a language by key."""
    file = resources.files("gate.service.portal") / "locale" / f"{language}.json"
    return cast(dict[str, str], json.loads(file.read_text(encoding="utf-8")))


def choose_language(*, wishes: tuple[str | None, ...], accept_language: str | None) -> Language:
    """The first of the wishes that is a language here, else by Accept-Language (RFC 9110 section 12.5.4), else
    Japanese. What is malformed is passed over. Pure."""
    for wish in wishes:
        for language in LANGUAGES:
            if wish == language:
                return language
    best: tuple[float, Language] = (0.0, LANGUAGES[0])
    for entry in (accept_language or "").split(",")[:_RANGES_MAX]:
        tag, _, parameter = entry.partition(";")
        primary, weight = tag.strip().lower().split("-", 1)[0], _weight(parameter)
        for language in LANGUAGES:
            if primary == language and weight > best[0]:
                best = (weight, language)
    return best[1]


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0
