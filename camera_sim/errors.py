"""Errors of the simulator.

CameraSimError
├── ListenError      the address cannot be listened on
├── ClipError        a cached group of pictures cannot be used; it is made again
├── FaultError       a fault that there is not, or that cannot be had here
├── EventError       an event that there is not, or that cannot be had here
├── PresetError      a preset that a camera does not have
├── CardError        an SD card that is not there, somebody else's, or cannot be read or written
├── EncoderError     a worker process cannot make pictures
├── MessageError     bytes that are no RTSP; carries the status code of the answer
└── SoapFaultError   a SOAP request that is refused; carries the fault
"""


class CameraSimError(Exception):
    """Base of every error the simulator raises on purpose. Its text is one sentence for a person."""


class ListenError(CameraSimError):
    """The RTSP address is taken or cannot be used."""


class ClipError(CameraSimError):
    """A file of the clip cache is torn, foreign or of another format."""


class FaultError(CameraSimError):
    """A fault whose kind, scope or parameters are wrong, or for which a camera lacks something."""


class EventError(CameraSimError):
    """An event whose kind, camera or duration is wrong."""


class PresetError(CameraSimError):
    """A camera has no such preset."""


class CardError(CameraSimError):
    """An SD card is missing, full, foreign or broken."""


class EncoderError(CameraSimError):
    """The encoder, or the process it runs in, does not do its work."""


class MessageError(CameraSimError):
    """Bytes that do not parse. `status` and `sequence` (the CSeq, if it was read) make the answer."""

    def __init__(self, status: int, reason: str, sequence: str | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.sequence = sequence


class SoapFaultError(CameraSimError):
    """A request that is answered with a fault. `code`: SOAP's own (`Sender`, …); `subcodes`: the names below it."""

    def __init__(self, code: str, subcodes: tuple[str, ...], reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.subcodes = subcodes
