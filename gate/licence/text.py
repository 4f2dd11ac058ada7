"""Words for people, in both languages of the product."""

from dataclasses import dataclass
from typing import Literal

Language = Literal["ja", "en"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One text in Japanese and English."""

    ja: str
    en: str

    def in_language(self, language: Language) -> str:
        """The text in that language."""
        return self.ja if language == "ja" else self.en

    def __bool__(self) -> bool:
        return bool(self.en)


NO_TEXT = Text(ja="", en="")
