"""Signing webhooks as the Standard Webhooks specification (1.0) says. Pure.

1. `webhook-id` names the notice and is the same at each try; `webhook-timestamp` is the moment of the try, in seconds
   since 1970; `webhook-signature` is `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`.
2. An id has no `.` in it, or the signed text could be read in two ways.
"""

import base64
import hashlib
import hmac


def signed_headers(key: bytes, id: str, timestamp_seconds: int, body: bytes) -> dict[str, str]:
    """The three headers."""
    assert "." not in id
    signed = hmac.new(key, f"{id}.{timestamp_seconds}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": id,
        "webhook-timestamp": str(timestamp_seconds),
        "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
    }
