"""What comes before everything else: the terms of use (R17), the question about the password (R18), and changing it."""

import math

from aiohttp import web

from gate.service.access.identity import peer_of
from gate.service.access.sign_in import Throttled
from gate.service.operations.accounts import User, accept_terms, set_own_password
from gate.service.operations.refusals import Refusal
from gate.service.operations.sessions import Session, password_question_answered
from gate.service.operations.sign_ins import attempt_succeeded
from gate.service.portal.door import Door, Route
from gate.service.portal.forms import Form
from gate.service.portal.page import page
from gate.service.portal.sign_in_pages import renew_session
from gate.service.portal.site import Site, Visit, go
from gate.service.portal.terms import SECTIONS, TERMS_VERSION
from gate.sign_in.passwords import LENGTH_MAX, LENGTH_MIN


class PasswordPages:
    """For whoever signed in as itself; never by proxy."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def routes(self) -> list[Route]:
        """The pages and who may open them."""
        return [
            Route(method="GET", path="/terms", page=self.show_terms, door=Door.OWN, early=True),
            Route(method="POST", path="/terms", page=self.accept, door=Door.OWN, early=True),
            Route(method="GET", path="/password/question", page=self.show_question, door=Door.OWN, early=True),
            Route(method="POST", path="/password/question", page=self.answer, door=Door.OWN, early=True),
            Route(method="GET", path="/password", page=self.show_change, door=Door.OWN, early=True),
            Route(method="POST", path="/password", page=self.change, door=Door.OWN, early=True),
        ]

    async def show_terms(self, visit: Visit) -> web.Response:
        """The words, and the box to tick where they are not accepted yet."""
        return self._terms(visit)

    async def accept(self, visit: Visit) -> web.Response:
        """Accepted: whoever comes here twice loses nothing."""
        form = visit.form()
        if not form.flag("agree"):
            form.reject("agree", visit.words("terms.needed"))
            return self._terms(visit, form, 422)
        async with self._site.store.begin() as tx:
            outcome = await accept_terms(tx, visit.actor, TERMS_VERSION, visit.now)
        if isinstance(outcome, Refusal):
            raise visit.refused(outcome)
        return go("/")

    async def show_question(self, visit: Visit) -> web.Response:
        """「パスワードリセット」: No before the handover, Yes after it."""
        if _user(visit).password_origin == "own":
            return go("/")
        return page(visit, "password_question", user=_user(visit), with_menu=False)

    async def answer(self, visit: Visit) -> web.Response:
        """No: the initial password stays, and the question comes again with the next sign-in."""
        async with self._site.store.begin() as tx:
            await password_question_answered(tx, _session(visit))
        return go("/password") if visit.typed.get("answer") == "yes" else go("/")

    async def show_change(self, visit: Visit) -> web.Response:
        """The form."""
        return self._change(visit)

    async def change(self, visit: Visit) -> web.Response:
        """One's own password; all other sessions end. Guessing at the present one is slowed down like signing in."""
        form, user = visit.form(), _user(visit)
        current = form.password("current", length_min=1, length_max=LENGTH_MAX)
        password = form.password("password", length_min=LENGTH_MIN, length_max=LENGTH_MAX)
        if password is not None and visit.typed.get("again", "") != password:
            form.reject("again", visit.words("password.differ"))
        if password is not None and user.email.split("@")[0].lower() in password.lower() and len(password) < 16:
            form.reject("password", visit.words("password.like_email"))
        if not form.failed and password == current:
            form.reject("password", visit.words("password.same"))
        if form.failed or password is None or current is None:
            return self._change(visit, form, 422)
        attempt = await self._site.sign_ins.begin_attempt(user.email, peer_of(visit.request))
        if isinstance(attempt, Throttled):
            form.failure = visit.words("sign_in.throttled", seconds=math.ceil(attempt.wait.total_seconds()))
            return self._change(visit, form, 429)
        if not await self._site.passwords.verify(user.password_hash, current):
            form.reject("current", visit.words("password.wrong"))
            return self._change(visit, form, 403)
        password_hash = await self._site.passwords.hash(password)
        async with self._site.store.begin() as tx:
            await attempt_succeeded(tx, attempt)
            outcome = await set_own_password(tx, visit.actor, password_hash, visit.now)
        if isinstance(outcome, Refusal):
            raise visit.refused(outcome)
        response = go("/account", done="password_changed")
        await renew_session(visit, response, question_answered=True)
        return response

    def _terms(self, visit: Visit, form: Form | None = None, status: int = 200) -> web.Response:
        user = _user(visit)
        accepted = user.terms_version == TERMS_VERSION
        return page(
            visit,
            "terms",
            status=status,
            form=form,
            sections=range(1, SECTIONS + 1),
            version=TERMS_VERSION,
            accepted_at=user.terms_accepted_at if accepted else None,
            needed=user.role in ("customer", "shared") and not accepted,
            with_menu=accepted,
        )

    def _change(self, visit: Visit, form: Form | None = None, status: int = 200) -> web.Response:
        user = _user(visit)
        must = user.password_origin == "mailed" and user.role != "customer"
        return page(
            visit,
            "password",
            status=status,
            form=form,
            user=user,
            must=must,
            least=LENGTH_MIN,
            most=LENGTH_MAX,
            with_menu=user.password_origin == "own",
        )


def _session(visit: Visit) -> Session:
    assert visit.identity is not None and visit.identity.session is not None
    return visit.identity.session


def _user(visit: Visit) -> User:
    return _session(visit).user
