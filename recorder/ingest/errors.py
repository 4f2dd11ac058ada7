"""Why a stream cannot be had or has ended. The text of each is one sentence for people, without credentials.

IngestError
├── UnreachableError     no TCP connection (name unknown, no route, no answer)
├── RefusedError         the camera says no: TCP refused, or an RTSP status of failure
│   └── OnvifFaultError  a fault of its ONVIF services
├── UnauthorizedError    the camera does not accept user and password
├── UnsupportedError     the camera has no stream that can be recorded
│   └── UnsupportedTransportError  not over TCP, or not over UDP; perhaps the other way
├── StalledError         connected, but nothing comes
├── ConnectionLostError  the connection or the session was ended from outside
└── ProtocolError        the camera breaks the protocol
    ├── MessageError     RTSP grammar (RFC 2326)
    └── SdpError         session description (RFC 8866)
"""


class IngestError(Exception):
    """A stream that is not to be had at present."""


class UnreachableError(IngestError):
    pass


class RefusedError(IngestError):
    """`status`: the RTSP status, or None if already TCP was refused."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class OnvifFaultError(RefusedError):
    """`subcodes`: names without prefixes, the outer first."""

    def __init__(self, message: str, subcodes: tuple[str, ...]) -> None:
        super().__init__(message)
        self.subcodes = subcodes


class UnauthorizedError(IngestError):
    pass


class UnsupportedError(IngestError):
    pass


class UnsupportedTransportError(UnsupportedError):
    pass


class StalledError(IngestError):
    pass


class ConnectionLostError(IngestError):
    pass


class ProtocolError(IngestError):
    pass


class MessageError(ProtocolError):
    pass


class SdpError(ProtocolError):
    pass
