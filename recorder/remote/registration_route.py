"""`/api/v1/registration.svg`: the QR code to register this recorder by (R20), while it is registered for nobody."""

import io

import segno
from aiohttp import web

from recorder.web.state_route import LicenceStatus

MODULE_PIXELS = 6


class RegistrationRoute:
    """The code says what is on the device's label; it is not there for a recorder that has its owner, or no service."""

    def __init__(self, licence: LicenceStatus) -> None:
        self._licence = licence

    async def picture(self, _: web.Request) -> web.StreamResponse:
        """Black on white, with its quiet zone: phones read it off any screen."""
        status = self._licence.status
        if status is None or status.label is None:
            raise web.HTTPNotFound
        drawn = io.BytesIO()
        segno.make_qr(status.label, error="m").save(
            drawn, kind="svg", scale=MODULE_PIXELS, border=4, dark="#000", light="#fff", xmldecl=False
        )
        headers = {"Cache-Control": "no-store"}
        return web.Response(body=drawn.getvalue(), content_type="image/svg+xml", headers=headers)
