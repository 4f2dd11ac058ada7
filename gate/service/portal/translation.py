"""One language's texts, filled in."""

from collections.abc import Mapping


class Translation:
    """`t("customers.count", count=3)`."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def __call__(self, key: str, /, **values: object) -> str:
        """The text of a key, `{name}` replaced. Raises KeyError for a key or a name that is not there."""
        text = self._texts[key]
        return text.format_map(values) if values else text

    def has(self, key: str) -> bool:
        """Whether there is such a text."""
        return key in self._texts
