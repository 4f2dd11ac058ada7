"""The terms of use (利用規約): which version is in force. Their words are in the catalogues, under `terms.`."""

TERMS_VERSION = "2026-01"
"""Raise it with a change of their words: everybody is asked again."""
SECTIONS = 6
