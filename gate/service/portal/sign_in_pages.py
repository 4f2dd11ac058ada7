"""Signing in and out, and "forgot password" (R15)."""

import math
import re

from aiohttp import web

from gate.service.access.identity import SESSION_COOKIE, peer_of
from gate.service.access.sign_in import PasswordExpired, SignedIn, Throttled
from gate.service.operations.resets import mail_new_password
from gate.service.portal.door import Door, Route
from gate.service.portal.page import home_of, page
from gate.service.portal.site import Site, Visit, go
from gate.sign_in.passwords import LENGTH_MAX, random_password

_OWN_PATH = re.compile(r"/[A-Za-z0-9/_-]{0,200}")
"""Where one may be sent after signing in: a page of ours, never another site."""


class SignInPages:
    """`mailbox`: whether there is a built-in mailbox to point at."""

    def __init__(self, site: Site, *, mailbox: bool) -> None:
        self._site = site
        self._mailbox = mailbox

    def routes(self) -> list[Route]:
        """The pages and who may open them."""
        return [
            Route(method="GET", path="/", page=self.home, door=Door.SIGNED_IN),
            Route(method="GET", path="/sign-in", page=self.show, door=Door.OPEN),
            Route(method="POST", path="/sign-in", page=self.sign_in, door=Door.OPEN),
            Route(method="POST", path="/sign-out", page=self.sign_out, door=Door.SIGNED_IN, early=True),
            Route(method="GET", path="/forgot-password", page=self.show_forgot, door=Door.OPEN),
            Route(method="POST", path="/forgot-password", page=self.forgot, door=Door.OPEN),
        ]

    async def home(self, visit: Visit) -> web.Response:
        """Everybody's own first page."""
        return go(home_of(visit))

    async def show(self, visit: Visit) -> web.Response:
        """The form; who is signed in already goes on."""
        return go(home_of(visit)) if visit.viewer else self._page(visit)

    async def sign_in(self, visit: Visit) -> web.Response:
        """A fresh session, or one sentence that is the same for every wrong pair."""
        form = visit.form()
        email = form.email("email")
        password = form.password("password", length_min=1, length_max=LENGTH_MAX)
        if email is None or password is None:
            return self._page(visit, form, 422)
        former = visit.request.cookies.get(SESSION_COOKIE)
        outcome = await self._site.sign_ins.sign_in(
            email=email, password=password, peer=peer_of(visit.request), former_token=former
        )
        if isinstance(outcome, SignedIn):
            after = visit.typed.get("next", "")
            response = go(after if _OWN_PATH.fullmatch(after) and not after.startswith("//") else "/")
            set_session_cookie(visit, response, outcome.token)
            return response
        if isinstance(outcome, Throttled):
            form.failure = visit.words("sign_in.throttled", seconds=math.ceil(outcome.wait.total_seconds()))
            return self._page(visit, form, 429)
        expired = isinstance(outcome, PasswordExpired)
        form.failure = visit.words("sign_in.expired" if expired else "sign_in.wrong")
        return self._page(visit, form, 403)

    async def sign_out(self, visit: Visit) -> web.Response:
        """Ends the session."""
        token = visit.request.cookies.get(SESSION_COOKIE, "")
        await self._site.sign_ins.sign_out(token, visit.actor)
        response = go("/sign-in", done="signed_out")
        response.del_cookie(SESSION_COOKIE)
        return response

    async def show_forgot(self, visit: Visit) -> web.Response:
        """The form."""
        return page(visit, "forgot_password", with_menu=False)

    async def forgot(self, visit: Visit) -> web.Response:
        """The same answer, after the same work, whether there is such an account or not."""
        form = visit.form()
        email = form.email("email")
        if email is None:
            return page(visit, "forgot_password", status=422, form=form, with_menu=False)
        attempt = await self._site.sign_ins.begin_attempt(email, peer_of(visit.request))
        if isinstance(attempt, Throttled):
            form.failure = visit.words("sign_in.throttled", seconds=math.ceil(attempt.wait.total_seconds()))
            return page(visit, "forgot_password", status=429, form=form, with_menu=False)
        password = random_password()
        password_hash = await self._site.passwords.hash(password)
        async with self._site.store.begin() as tx:
            await mail_new_password(tx, email, password, password_hash, visit.now, self._site.rules)
        return go("/sign-in", done="password_mailed")

    def _page(self, visit: Visit, form: object = None, status: int = 200) -> web.Response:
        after = visit.typed.get("next") or visit.query.get("next", "")
        return page(visit, "sign_in", status=status, form=form, after=after, mailbox=self._mailbox, with_menu=False)


def set_session_cookie(visit: Visit, response: web.Response, token: str) -> None:
    """Of this browser session, out of scripts' reach."""
    response.set_cookie(SESSION_COOKIE, token, httponly=True, samesite="Lax", secure=visit.request.secure)


async def renew_session(visit: Visit, response: web.Response, *, question_answered: bool = False) -> None:
    """A fresh session for the same user, after something that ends the former ones."""
    assert visit.identity is not None and visit.identity.session is not None
    async with visit.site.store.begin() as tx:
        token = await visit.site.sign_ins.open(
            tx,
            visit.identity.session.user,
            peer_of(visit.request),
            visit.request.cookies.get(SESSION_COOKIE),
            question_answered=question_answered,
        )
    set_session_cookie(visit, response, token)
