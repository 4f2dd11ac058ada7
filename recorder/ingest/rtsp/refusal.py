"""What a camera's "no" means."""

from recorder.ingest.errors import ConnectionLostError, IngestError, RefusedError, UnsupportedTransportError
from recorder.ingest.rtsp.message import Response

REASON_CHARACTERS_MAX = 80

_HINTS = {
    403: "its user may not watch",
    404: "there is no such stream; check the address",
    453: "it serves as many viewers as it can; end another one",
    503: "it serves as many viewers as it can, or is starting; end another one",
}


def refusal(method: str, response: Response, transport: str) -> IngestError:
    """The error of an answer that is no success. `transport`: what was asked for, "TCP" or "UDP"."""
    status = response.status
    if status == 461:
        return UnsupportedTransportError(f"The camera does not send RTP over {transport}.")
    if status == 454:
        return ConnectionLostError("The camera has forgotten the session.")
    reason = "".join(letter for letter in response.reason if letter.isprintable())[:REASON_CHARACTERS_MAX].strip()
    hint = f" ({_HINTS[status]})" if status in _HINTS else ""
    return RefusedError(f"The camera refuses {method}: {status} {reason}".rstrip() + f"{hint}.", status)
