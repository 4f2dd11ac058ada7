"""Whether a page is a server's own: what another site's page sends is not obeyed."""

from urllib.parse import urlsplit


def origin_is_own(origin: str | None, host: str | None) -> bool:
    """Whether an Origin header, if there is one, names the same host and port as Host. Pure."""
    if origin is None:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(host) and parts.netloc.lower() == (host or "").lower()
