"""Who may talk to the board, and the headers of its answers.

1. The Host header names this machine's loopback: a foreign name that resolves here gets nothing.
2. What changes something is JSON and comes from the board's own page: a form of another site can send neither.
3. The page loads nothing but its own files, is framed by nobody and posts to nobody.
"""

from aiohttp import web
from aiohttp.typedefs import Handler

from gate.config_fields import host_is_loopback
from gate.own_origin import origin_is_own

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; media-src 'self' blob:; "
        "img-src 'self' data: blob:; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses foreign names with 421, foreign pages with 403."""
    host, origin = request.headers.get("Host"), request.headers.get("Origin")
    if not host_is_loopback(host):
        raise web.HTTPMisdirectedRequest(text="The show board answers to the names of this machine's loopback only.")
    changes = request.method not in ("GET", "HEAD")
    watches = request.headers.get("Upgrade", "").lower() == "websocket"
    if (changes and origin is None) or ((changes or watches) and not origin_is_own(origin, host)):
        raise web.HTTPForbidden(text="Only the show board's own page may do this.")
    if changes and request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="An order is application/json.")
    return await handler(request)


async def add_security_headers(_: web.Request, response: web.StreamResponse) -> None:
    """For `Application.on_response_prepare`."""
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
