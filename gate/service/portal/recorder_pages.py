"""Signing in at a recorder on its own network with one's account here: whoever a recorder sends comes by, says yes, and
goes back with the service's signed word.

1. Only to an address that the recorder itself has announced over its own connection; the request names it by a hash.
2. The word answers the nonce that the recorder has given this browser; it stands behind `#`, which no server is sent.
3. Who may is who may look through the relay (gate.service.relay.visits).
"""

import hashlib
import re

from aiohttp import web

from gate.licence.refusals import RefusalCode, refused
from gate.service.operations.devices import owner_of, places_of
from gate.service.operations.refusals import ServiceCode, refusal, refusal_of
from gate.service.portal.door import Door, Route
from gate.service.portal.page import page
from gate.service.portal.site import Site, Visit
from gate.service.relay.introductions import Introductions
from gate.service.relay.visits import refusal_of as relay_refusal

_PATH = "/devices/{device}/sign-in/{nonce}/{place}"
_NONCE = re.compile(r"[0-9a-f]{64}")
_DEVICE = re.compile(r"[0-9a-f]{16}")


class RecorderPages:
    """For customers and shared users."""

    def __init__(self, site: Site, introductions: Introductions) -> None:
        self._site = site
        self._introductions = introductions

    def routes(self) -> list[Route]:
        """The pages and who may open them."""
        return [
            Route(method="GET", path=_PATH, page=self.ask, door=Door.CUSTOMER_SIDE),
            Route(method="GET", path=_PATH + "/go", page=self.go_back, door=Door.CUSTOMER_SIDE),
        ]

    async def ask(self, visit: Visit) -> web.Response:
        """Which recorder, as whom."""
        place, name = await self._place(visit)
        return page(visit, "recorder_sign_in", section="devices", place=place, name=name, go=visit.request.path + "/go")

    async def go_back(self, visit: Visit) -> web.Response:
        """To the recorder's own page, with the word."""
        place, _ = await self._place(visit)
        assert visit.identity is not None and visit.identity.session is not None
        device, nonce = visit.request.match_info["device"], visit.request.match_info["nonce"]
        word = self._introductions.to_sign_in(visit.identity.session.user, device, nonce)
        return web.Response(status=303, headers={"Location": f"{place}/#/sign-in?visitor={word}"})

    async def _place(self, visit: Visit) -> tuple[str, str]:
        """The recorder's own address, and its name."""
        asked = visit.request.match_info
        device = asked["device"]
        if not _DEVICE.fullmatch(device) or not _NONCE.fullmatch(asked["nonce"]):
            raise web.HTTPNotFound
        async with self._site.store.read() as tx:
            owner, (name, places) = await owner_of(tx, device), await places_of(tx, device)
        code = relay_refusal(visit.actor, owner, "GET")
        if code is not None:
            by_proxy = code == "not_by_proxy"
            unknown = refusal_of(refused(RefusalCode.UNKNOWN_DEVICE, device=device))
            raise visit.refused(refusal(ServiceCode.NOT_BY_PROXY) if by_proxy else unknown)
        place = next((place for place in places if _hash(place) == asked["place"]), None)
        if place is None:
            raise visit.refused(refusal(ServiceCode.UNKNOWN_PLACE))
        return place, name


def _hash(place: str) -> str:
    return hashlib.sha256(place.lower().encode()).hexdigest()[:16]
