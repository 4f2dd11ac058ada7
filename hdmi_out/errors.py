"""HdmiError, the root of what this package raises.

- StartError: the process cannot start; its text is one sentence for people.
- MediaError: a message of the recorder that is no media message; the connection is given up.
- DisplayError: no window or screen could be opened.
"""


class HdmiError(Exception):
    """Anything that goes wrong on purpose."""


class StartError(HdmiError):
    """One sentence: what is wrong and what to do."""


class MediaError(HdmiError):
    """Says what was wrong with a media message, with the camera."""


class DisplayError(HdmiError):
    """Says which display was tried and what it answered."""
