"""What passes between a browser and a device's remote site, as pure rules.

1. The device learns nothing of the visitor's session: no cookie, no credential, no address; and it sets none. Who it
   is the service says itself, signed (gate.service.relay.introductions); nothing of that name passes from a browser.
2. Its pages run under a policy of ours, whatever it says itself: they load and ask only below their own prefix, open no
   window, send no form, are framed by nobody, and run no worker (a service worker could answer with pages that have no
   policy). So a device that has been tampered with cannot use the visitor's session for the portal or for another
   device.
3. It redirects nobody.
"""

import re
from collections.abc import Iterable, Mapping

REQUEST_HEADERS = ("Accept", "Accept-Language", "Content-Type", "If-Match", "If-Modified-Since", "If-None-Match",
                   "If-Range", "Range", "User-Agent")  # fmt: skip
RESPONSE_HEADERS = ("Accept-Ranges", "Allow", "Cache-Control", "Content-Disposition", "Content-Language",
                    "Content-Length", "Content-Range", "Content-Type", "ETag", "Last-Modified", "Retry-After",
                    "Vary")  # fmt: skip
VIEW_METHODS = frozenset({"GET", "HEAD"})
METHODS = VIEW_METHODS | {"POST", "PUT", "PATCH", "DELETE"}
DEVICE_HOST = "localhost"
"""As what a device is addressed: it serves its own machine, and this connection ends there."""

_DEVICE = re.compile(r"[0-9a-f]{16}")
_HOST = re.compile(r"[A-Za-z0-9.\-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?")


def is_device(text: str) -> bool:
    """Whether this can be a device's id."""
    return _DEVICE.fullmatch(text) is not None


def is_host(text: str | None) -> bool:
    """Whether a Host header is one that can be repeated in a policy."""
    return text is not None and _HOST.fullmatch(text) is not None


def passed(headers: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """Of these headers, those that pass."""
    return {name: headers[name] for name in names if name in headers}


def page_policy(scheme: str, host: str, prefix: str) -> dict[str, str]:
    """The headers under which whatever a device sends is shown. `prefix`: the path of its remote site, with its final
    slash; `scheme` and `host`: as the visitor knows the portal."""
    own = f"{scheme}://{host}{prefix}"
    sockets = f"{'wss' if scheme == 'https' else 'ws'}://{host}{prefix}"
    policy = (
        f"default-src 'none'; script-src {own}; style-src {own}; connect-src {own} {sockets}; media-src {own} blob:; "
        f"img-src {own} data: blob:; worker-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
        "form-action 'none'; sandbox allow-scripts allow-same-origin allow-downloads allow-forms"
    )
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
