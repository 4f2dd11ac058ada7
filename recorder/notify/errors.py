"""What can go wrong with notices.

RecorderError
└── NotifyError    a test notice that cannot be sent; its text is one sentence for people
"""

from recorder.errors import RecorderError


class NotifyError(RecorderError):
    """Says which endpoint and what it did, never a secret."""
