"""A customer's cameras with their licence state, and its pool: binding, release, transfer, holds (decision 1; R9)."""

from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from gate.licence.facts import CameraKey
from gate.licence.profile import Profile
from gate.service.operations.bindings import MoveBinding, bind, set_hold, transfer, unbind
from gate.service.operations.licences import Camera, LicenceLine, Licensing, licensing
from gate.service.operations.refusals import Refusal
from gate.service.portal.door import Door, Route
from gate.service.portal.matrix import MatrixRow, matrix_of
from gate.service.portal.page import page
from gate.service.portal.site import Site, Visit, go

NEAR_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraCard:
    """One camera as its card shows it. `days_left`: whole days until nothing covers it any more."""

    camera: Camera
    days_left: int | None
    near: bool
    matrix: tuple[MatrixRow, ...]
    choices: tuple[LicenceLine, ...]
    """Licences of the pool that could be bound to it."""


class CamerasPages:
    """For customers, shared users and proxies. `profile`: what a lapse stops."""

    def __init__(self, site: Site, profile: Profile) -> None:
        self._site = site
        self._profile = profile

    def routes(self) -> list[Route]:
        """The pages and who may open them."""
        return [
            Route(method="GET", path="/cameras", page=self.show, door=Door.CUSTOMER_SIDE),
            Route(method="GET", path="/pool", page=self.show_pool, door=Door.CUSTOMER_OR_PROXY),
            Route(method="POST", path="/pool/bind", page=self.bind, door=Door.CUSTOMER_OR_PROXY),
            Route(method="POST", path="/pool/unbind", page=self.unbind, door=Door.CUSTOMER_OR_PROXY),
            Route(method="POST", path="/pool/transfer", page=self.transfer, door=Door.CUSTOMER_OR_PROXY),
            Route(method="POST", path="/cameras/hold", page=self.hold, door=Door.CUSTOMER_OR_PROXY),
        ]

    async def show(self, visit: Visit) -> web.Response:
        """Every camera: its state, dates, days left, and in words what works now."""
        return await self._cameras(visit)

    async def show_pool(self, visit: Visit) -> web.Response:
        """Every licence: what it is bound to, its dates, and where it may go."""
        return await self._pool(visit)

    async def bind(self, visit: Visit) -> web.Response:
        """A licence of the pool for a camera; from either page."""
        request = _request(visit)
        async with self._site.store.begin() as tx:
            outcome = await bind(tx, visit.actor, request, visit.now, self._site.rules)
        if isinstance(outcome, Refusal):
            return await self._again(visit, outcome)
        return go(_back(visit), done="bound")

    async def unbind(self, visit: Visit) -> web.Response:
        """Back to the pool."""
        async with self._site.store.begin() as tx:
            outcome = await unbind(tx, visit.actor, _licence(visit), visit.now, self._site.rules)
        if isinstance(outcome, Refusal):
            return await self._again(visit, outcome)
        return go(_back(visit), done="unbound")

    async def transfer(self, visit: Visit) -> web.Response:
        """振替え: to another camera of the same kind in one step."""
        async with self._site.store.begin() as tx:
            outcome = await transfer(tx, visit.actor, _request(visit), visit.now, self._site.rules)
        if isinstance(outcome, Refusal):
            return await self._again(visit, outcome)
        return go(_back(visit), done="transferred")

    async def hold(self, visit: Visit) -> web.Response:
        """Left without a licence on purpose, or not any more."""
        held = visit.typed.get("held") == "yes"
        async with self._site.store.begin() as tx:
            outcome = await set_hold(tx, visit.actor, _camera(visit), held, visit.now, self._site.rules)
        if isinstance(outcome, Refusal):
            return await self._again(visit, outcome)
        return go("/cameras", done="held" if held else "hold_cleared")

    async def _again(self, visit: Visit, refusal: Refusal) -> web.Response:
        show = self._cameras if _back(visit) == "/cameras" else self._pool
        return await show(visit, visit.said(refusal), refusal.status)

    async def _cameras(self, visit: Visit, failure: str = "", status: int = 200) -> web.Response:
        found = await self._licensing(visit)
        cards = [self._card(visit, camera, found) for camera in found.cameras]
        return page(
            visit,
            "cameras",
            section="cameras",
            status=status,
            failure=failure,
            cards=cards,
            spares=[line for line in found.licences if line.state == "spare"],
            respects_hold=self._site.rules.auto_assign.respect_hold,
            may_move=visit.viewer is not None and visit.viewer.role_word in ("customer", "proxy"),
            role=visit.viewer.role_word if visit.viewer else "",
        )

    async def _pool(self, visit: Visit, failure: str = "", status: int = 200) -> web.Response:
        found = await self._licensing(visit)
        return page(
            visit,
            "pool",
            section="pool",
            status=status,
            failure=failure,
            lines=[(line, [camera for camera in found.cameras if fits(line, camera)]) for line in found.licences],
            cameras={camera.key: camera for camera in found.cameras},
        )

    async def _licensing(self, visit: Visit) -> Licensing:
        async with self._site.store.read() as tx:
            found = await licensing(tx, visit.actor, None, visit.now, self._site.rules)
        if isinstance(found, Refusal):
            raise visit.refused(found)
        return found

    def _card(self, visit: Visit, camera: Camera, all_of_it: Licensing) -> CameraCard:
        until = camera.covered_until
        days_left = None if until is None else _days_left(until, visit.now, self._site)
        siblings = [one for one in all_of_it.cameras if one.key.device == camera.key.device]
        return CameraCard(
            camera=camera,
            days_left=days_left,
            near=days_left is not None and days_left <= NEAR_DAYS,
            matrix=matrix_of(self._profile, camera, siblings, visit.now),
            choices=tuple(line for line in all_of_it.licences if line.state == "spare" and fits(line, camera)),
        )


def fits(line: LicenceLine, camera: Camera) -> bool:
    """Whether the licence could be of use to that camera: what the ledger would refuse is not offered."""
    licence, until = line.licence, camera.covered_until
    if line.state not in ("active", "spare") or camera.held or camera.key == licence.camera:
        return False
    return licence.kind == camera.kind and (until is None or licence.term is None or until < licence.term.ends)


def _days_left(until: datetime, now: datetime, site: Site) -> int:
    """0 on the last valid day itself."""
    zone = site.rules.zone
    return (until.astimezone(zone).date() - now.astimezone(zone).date()).days - 1


def _back(visit: Visit) -> str:
    return "/cameras" if visit.typed.get("from") == "cameras" else "/pool"


def _licence(visit: Visit) -> str:
    return visit.typed.get("licence", "")[:64]


def _camera(visit: Visit) -> CameraKey:
    device, _, camera = visit.typed.get("camera", "").partition("/")
    return CameraKey(device[:64], camera[:64])


def _request(visit: Visit) -> MoveBinding:
    return MoveBinding(licence=_licence(visit), camera=_camera(visit))
