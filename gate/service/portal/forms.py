"""What people type: read field by field, each wrong one with its own sentence beside it.

A reader gives None for a field that is wrong or missing, and keeps the sentence; a page goes on only if nothing is.
"""

import re
from collections.abc import Collection, Mapping
from datetime import date

from gate.service.portal.translation import Translation

TEXT_MAX = 200
EMAIL_MAX = 254
_EMAIL = re.compile(r"[^\s@<>()\[\],;:\\\"]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Nor marks that turn the direction of text: a name must look like what it is."""
_NUMBER_DIGITS_MAX = 9


class Form:
    """One form: what was typed, what is wrong with it, and (`failure`) what is wrong with it as a whole."""

    def __init__(self, words: Translation, typed: Mapping[str, str] | None = None) -> None:
        self._words = words
        self._typed = typed or {}
        self._errors: dict[str, str] = {}
        self.failure = ""

    @property
    def failed(self) -> bool:
        """Whether anything is wrong."""
        return bool(self._errors or self.failure)

    def value(self, name: str, default: object = None) -> str:
        """What to show in the field again."""
        typed = self._typed.get(name)
        return typed if typed is not None else "" if default is None else str(default)

    def error(self, name: str) -> str:
        """The sentence beside the field; empty: it is right."""
        return self._errors.get(name, "")

    def reject(self, name: str, text: str) -> None:
        """Says what is wrong with a field. The first sentence stays."""
        self._errors.setdefault(name, text)

    def text(self, name: str, *, length_max: int = TEXT_MAX) -> str | None:
        """A line of text, trimmed."""
        typed = self._typed.get(name, "").strip()
        if not typed:
            self._wrong(name, "form.missing")
            return None
        if len(typed) > length_max:
            self._wrong(name, "form.too_long", most=length_max)
            return None
        if _CONTROLS.search(typed):
            self._wrong(name, "form.controls")
            return None
        return typed

    def email(self, name: str) -> str | None:
        """An e-mail address, in lower case."""
        typed = self.text(name, length_max=EMAIL_MAX)
        if typed is not None and not _EMAIL.fullmatch(typed):
            self._wrong(name, "form.no_email")
            return None
        return typed and typed.lower()

    def password(self, name: str, *, length_min: int, length_max: int) -> str | None:
        """A password: as it was typed, not trimmed."""
        typed = self._typed.get(name, "")
        if not typed:
            self._wrong(name, "form.missing")
            return None
        if not length_min <= len(typed) <= length_max:
            self._wrong(name, "form.password_length", least=length_min, most=length_max)
            return None
        return typed

    def number(self, name: str, *, least: int, most: int) -> int | None:
        """A whole number; full-width digits count as digits."""
        typed = self._typed.get(name, "").strip()
        if not typed:
            self._wrong(name, "form.missing")
            return None
        if not typed.isdecimal() or len(typed) > _NUMBER_DIGITS_MAX or not least <= int(typed) <= most:
            self._wrong(name, "form.no_number", least=least, most=most)
            return None
        return int(typed)

    def choice(self, name: str, options: Collection[str]) -> str | None:
        """One of the options that were offered."""
        typed = self._typed.get(name, "")
        if typed not in options:
            self._wrong(name, "form.not_chosen")
            return None
        return typed

    def day(self, name: str) -> date | None:
        """A day as `2026-05-31`."""
        try:
            return date.fromisoformat(self._typed.get(name, "").strip())
        except ValueError:
            self._wrong(name, "form.no_day")
            return None

    def flag(self, name: str) -> bool:
        """A box that is ticked."""
        return self._typed.get(name, "") != ""

    def _wrong(self, name: str, key: str, **values: object) -> None:
        self.reject(name, self._words(key, **values))
