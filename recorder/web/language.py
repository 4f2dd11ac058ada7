"""Which of the two languages an answer is written in. Pure."""

from typing import TypeGuard

from gate.licence.text import Language

LANGUAGES: tuple[Language, ...] = ("ja", "en")

_RANGES_MAX = 32
"""Language ranges of one Accept-Language header that are looked at."""


def choose_language(*, query: str | None, accept_language: str | None, default: Language) -> Language:
    """`query` (the `lang` parameter), else Accept-Language by its weights (RFC 9110 section 12.5.4), else `default`.

    An unknown or malformed wish is passed over, never an error."""
    if query is not None and _known(query):
        return query
    best: tuple[float, Language] | None = None
    for entry in (accept_language or "").split(",")[:_RANGES_MAX]:
        tag, _, parameters = entry.partition(";")
        primary = tag.strip().lower().split("-", 1)[0]
        weight = _weight(parameters)
        if _known(primary) and weight > 0 and (best is None or weight > best[0]):
            best = (weight, primary)
    return best[1] if best else default


def _known(name: str) -> TypeGuard[Language]:
    return name in LANGUAGES


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0
