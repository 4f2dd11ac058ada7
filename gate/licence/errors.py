"""Errors of the licence rules.

LicenceError
├── TermError         a term that cannot be reckoned
├── LedgerError       facts that contradict each other, or a record that is no fact
└── EntitlementError  a document that is no entitlement
"""


class LicenceError(Exception):
    """Something that licences cannot be made from. Its text is one sentence for people."""


class TermError(LicenceError):
    """Dates or months out of bounds."""


class LedgerError(LicenceError):
    """`where` is the fact's id, or the path of the field that is wrong."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}")
        self.where = where
        self.problem = problem


class EntitlementError(LicenceError):
    """A payload that breaks the entitlement's format. `field` is the path of what is wrong, e.g. `cameras[2].kind`."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem
