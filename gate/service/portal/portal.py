"""The portal, put together: every page behind its door, and a page for what is not there."""

from importlib import resources

from aiohttp import web

from gate.licence.profile import Profile
from gate.service.access.identity import Identities
from gate.service.portal.allocation_pages import AllocationPages
from gate.service.portal.audit_pages import AuditPages
from gate.service.portal.cameras_pages import CamerasPages
from gate.service.portal.customers_pages import CustomersPages
from gate.service.portal.devices_pages import DevicesPages
from gate.service.portal.door import Door, Doors, Route
from gate.service.portal.history_pages import HistoryPages
from gate.service.portal.mail_pages import MailPages
from gate.service.portal.password_pages import PasswordPages
from gate.service.portal.people_pages import PeoplePages
from gate.service.portal.recorder_pages import RecorderPages
from gate.service.portal.secondary_pages import SecondaryPages
from gate.service.portal.sign_in_pages import SignInPages
from gate.service.portal.site import Site, Visit
from gate.service.portal.stock_pages import StockPages
from gate.service.relay.introductions import Introductions
from gate.static_files import StaticFiles


def add_portal(
    app: web.Application,
    *,
    site: Site,
    identities: Identities,
    profile: Profile,
    with_mailbox: bool,
    introductions: Introductions | None = None,
) -> None:
    """Adds all pages, and for every other address a page that says so: call it after all other routes are there.
    `profile`: what a lapse stops. `with_mailbox`: the built-in mailbox has its page. `introductions`: people may
    sign in at recorders with their accounts here."""
    doors = Doors(site=site, identities=identities)
    for pages in (
        SignInPages(site, mailbox=with_mailbox),
        PasswordPages(site),
        CustomersPages(site),
        StockPages(site),
        AllocationPages(site),
        HistoryPages(site),
        SecondaryPages(site),
        CamerasPages(site, profile),
        DevicesPages(site),
        PeoplePages(site),
        MailPages(site, with_mailbox=with_mailbox),
        AuditPages(site),
    ):
        doors.add_to(app, pages.routes())
    if introductions is not None:
        doors.add_to(app, RecorderPages(site, introductions).routes())
    app.router.add_get("/static/{path:.+}", StaticFiles(resources.files("gate.service.portal") / "static").handle)
    doors.add_to(app, [Route(method="*", path="/{path:.*}", page=_nothing_here, door=Door.OPEN)])


async def _nothing_here(_: Visit) -> web.StreamResponse:
    raise web.HTTPNotFound
