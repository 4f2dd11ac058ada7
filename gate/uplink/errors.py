"""Errors of the uplink.

UplinkError
├── MessageError      the other side said what is no message
└── ChannelLostError  the connection ended in the middle
"""


class UplinkError(Exception):
    """Its text is one sentence for people."""


class MessageError(UplinkError):
    """Names the field."""


class ChannelLostError(UplinkError):
    pass
