"""A customer's devices (機器): registering by code or by QR code (R19 to R21), their cameras, removal."""

from aiohttp import web

from gate.licence.facts import CameraKey
from gate.service.operations.device_upkeep import rename_camera, settle_alarms
from gate.service.operations.devices import (
    Device,
    RegisterDevice,
    device,
    devices,
    register_camera,
    register_device,
    remove_camera,
    remove_device,
    rename_device,
)
from gate.service.operations.refusals import Refusal, ServiceCode, refusal
from gate.service.portal.door import Door, Route
from gate.service.portal.forms import Form
from gate.service.portal.page import page
from gate.service.portal.qr_reading import QrReader
from gate.service.portal.site import Site, Visit, go
from gate.signing.device_label import TEXT_CHARACTERS_MAX


class DevicesPages:
    """For customers; a proxy only looks (decision 15)."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._qr = QrReader()

    def routes(self) -> list[Route]:
        """The pages and who may open them."""
        return [
            Route(method="GET", path="/devices", page=self.show_all, door=Door.CUSTOMER_OR_PROXY),
            Route(method="GET", path="/devices/new", page=self.show_new, door=Door.CUSTOMER),
            Route(method="POST", path="/devices/new", page=self.register, door=Door.CUSTOMER),
            Route(method="POST", path="/devices/picture", page=self.read_picture, door=Door.CUSTOMER, upload=True),
            Route(method="GET", path="/devices/{device}", page=self.show, door=Door.CUSTOMER_OR_PROXY),
            Route(method="POST", path="/devices/{device}/name", page=self.rename, door=Door.CUSTOMER),
            Route(method="POST", path="/devices/{device}/remove", page=self.remove, door=Door.CUSTOMER),
            Route(method="POST", path="/devices/{device}/cameras", page=self.add_camera, door=Door.CUSTOMER),
            Route(method="POST", path="/devices/{device}/cameras/remove", page=self.drop_camera, door=Door.CUSTOMER),
            Route(method="POST", path="/devices/{device}/cameras/name", page=self.rename_camera, door=Door.CUSTOMER),
            Route(method="POST", path="/devices/{device}/alarms", page=self.settle_alarms, door=Door.CUSTOMER),
        ]

    async def show_all(self, visit: Visit) -> web.Response:
        """In the order of registration."""
        async with self._site.store.read() as tx:
            found = await devices(tx, visit.actor, None, visit.now, self._site.rules)
        if isinstance(found, Refusal):
            raise visit.refused(found)
        return page(visit, "devices", section="devices", devices=found)

    async def show_new(self, visit: Visit) -> web.Response:
        """The code to type, or a picture of the QR code."""
        return self._new(visit)

    async def register(self, visit: Visit) -> web.Response:
        """By the code as it was typed."""
        form = visit.form()
        code = form.text("code", length_max=TEXT_CHARACTERS_MAX)
        if code is None:
            return self._new(visit, form, 422)
        return await self._register(visit, form, RegisterDevice(code=code), "code")

    async def read_picture(self, visit: Visit) -> web.Response:
        """By a picture of the QR code: a photograph that was uploaded, or one that the page took."""
        form = visit.form()
        if not visit.upload:
            form.reject("picture", visit.words("devices.picture.missing"))
            return self._new(visit, form, 422)
        text = await self._qr.read(visit.upload)
        if text is None:
            form.reject("picture", visit.words("devices.picture.unreadable"))
            return self._new(visit, form, 422)
        return await self._register(visit, form, RegisterDevice(qr=text), "picture")

    async def _register(self, visit: Visit, form: Form, request: RegisterDevice, where: str) -> web.Response:
        async with self._site.store.begin() as tx:
            outcome = await register_device(tx, visit.actor, request, visit.now, self._site.rules)
        if isinstance(outcome, Refusal):
            form.reject(where, visit.said(outcome))
            return self._new(visit, form, outcome.status)
        return go(f"/devices/{outcome.id}", done="device_registered")

    async def show(self, visit: Visit) -> web.Response:
        """One device with its cameras."""
        return await self._show(visit)

    async def rename(self, visit: Visit) -> web.Response:
        """Another name for it."""
        form, one = visit.form(), _device(visit)
        name = form.text("name")
        if name is None:
            return await self._show(visit, form, 422)
        async with self._site.store.begin() as tx:
            outcome = await rename_device(tx, visit.actor, one, name, visit.now)
        return await self._after(visit, outcome, f"/devices/{one}", "renamed")

    async def remove(self, visit: Visit) -> web.Response:
        """With its cameras; their licences go back to the pool."""
        form, one = visit.form(), _device(visit)
        if not form.flag("sure"):
            form.reject("sure", visit.words("devices.remove.needed"))
            return await self._show(visit, form, 422)
        async with self._site.store.begin() as tx:
            outcome = await remove_device(tx, visit.actor, one, visit.now)
        return await self._after(visit, outcome, "/devices", "device_removed")

    async def add_camera(self, visit: Visit) -> web.Response:
        """One that the device has announced since."""
        one, camera = _device(visit), visit.typed.get("camera", "")[:64]
        async with self._site.store.begin() as tx:
            found = await device(tx, visit.actor, one, visit.now, self._site.rules)
            if not isinstance(found, Device):
                raise visit.refused(found)
            announced = {waiting.id: waiting.name for waiting in found.unregistered_cameras}
            if camera not in announced:
                raise visit.refused(refusal(ServiceCode.NOT_ALLOWED))
            key = CameraKey(one, camera)
            outcome = await register_camera(tx, visit.actor, key, announced[camera], visit.now, self._site.rules)
        failure = outcome if isinstance(outcome, Refusal) else None
        return await self._after(visit, failure, f"/devices/{one}", "camera_registered")

    async def drop_camera(self, visit: Visit) -> web.Response:
        """Its licences go back to the pool."""
        one = _device(visit)
        key = CameraKey(one, visit.typed.get("camera", "")[:64])
        async with self._site.store.begin() as tx:
            outcome = await remove_camera(tx, visit.actor, key, visit.now)
        return await self._after(visit, outcome, f"/devices/{one}", "camera_removed")

    async def rename_camera(self, visit: Visit) -> web.Response:
        """What people call it."""
        form, one = visit.form(), _device(visit)
        name = form.text("camera_name")
        if name is None:
            form.failure = form.error("camera_name")
            return await self._show(visit, form, 422)
        key = CameraKey(one, visit.typed.get("camera", "")[:64])
        async with self._site.store.begin() as tx:
            outcome = await rename_camera(tx, visit.actor, key, name, visit.now)
        return await self._after(visit, outcome, f"/devices/{one}", "renamed")

    async def settle_alarms(self, visit: Visit) -> web.Response:
        """They have been seen to, and are shown no more."""
        one = _device(visit)
        async with self._site.store.begin() as tx:
            outcome = await settle_alarms(tx, visit.actor, one, visit.now)
        return await self._after(visit, outcome, f"/devices/{one}", "alarms_settled")

    async def _after(self, visit: Visit, refused: Refusal | None, path: str, done: str) -> web.Response:
        if refused is None:
            return go(path, done=done)
        form = visit.form()
        form.failure = visit.said(refused)
        return await self._show(visit, form, refused.status)

    async def _show(self, visit: Visit, form: Form | None = None, status: int = 200) -> web.Response:
        async with self._site.store.read() as tx:
            found = await device(tx, visit.actor, _device(visit), visit.now, self._site.rules)
        if not isinstance(found, Device):
            raise visit.refused(found)
        may_change = visit.viewer is not None and visit.viewer.role_word == "customer"
        return page(visit, "device", section="devices", status=status, form=form, device=found, may_change=may_change)

    def _new(self, visit: Visit, form: Form | None = None, status: int = 200) -> web.Response:
        return page(
            visit,
            "device_new",
            section="devices",
            status=status,
            form=form,
            qr_from=self._site.rules.qr_serials_from,
            cap=self._site.rules.direct_cap,
        )


def _device(visit: Visit) -> str:
    return visit.request.match_info["device"]
