"""What keeps footage from being fetched. A camera's trouble, never the recorder's.

BackfillError    a card that cannot be asked, or whose files cannot be used
"""


class BackfillError(Exception):
    """One sentence for people."""
