"""ShowError ── SiteAwayError: there is no demo site, or a part of it does not answer; RefusedError: it said no;
StartError: the board itself cannot begin."""


class ShowError(Exception):
    """Its text is one sentence for the person at the board; `code` is that of the catalogues."""

    code = "refused"


class SiteAwayError(ShowError):
    """Nothing is wrong with what was asked; it may be asked again."""

    code = "away"


class RefusedError(ShowError):
    """With a reason of ours, or the site's own."""

    def __init__(self, text: str, code: str = "refused") -> None:
        super().__init__(text)
        self.code = code


class StartError(ShowError):
    """The board cannot listen."""
