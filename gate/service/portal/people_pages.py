"""Shared users (view only), proxy sign-in (代理ログイン; decision 15), and one's own account."""

from aiohttp import web

from gate.licence.text import Language
from gate.service.operations.accounts import (
    NewUser,
    User,
    add_shared_user,
    begin_proxy,
    end_proxy,
    remove_shared_user,
    set_language,
    shared_users,
)
from gate.service.operations.actor import Actor
from gate.service.operations.idempotency import once
from gate.service.operations.refusals import Refusal
from gate.service.operations.sessions import (
    Session,
    add_api_token,
    api_tokens_of,
    revoke_api_token,
    set_session_proxy,
)
from gate.service.portal.catalogue import LANGUAGES
from gate.service.portal.door import Door, Route
from gate.service.portal.forms import Form
from gate.service.portal.page import page
from gate.service.portal.site import Site, Visit, go, new_key
from gate.service.store.engine import Transaction
from gate.sign_in.passwords import LENGTH_MAX, LENGTH_MIN, random_password
from gate.sign_in.tokens import hash_of, new_token


class PeoplePages:
    """For customers (shared users), partners (proxy sign-in) and everybody (the account)."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def routes(self) -> list[Route]:
        """The pages and who may open them."""
        return [
            Route(method="GET", path="/shared-users", page=self.show_shared, door=Door.CUSTOMER),
            Route(method="POST", path="/shared-users", page=self.add_shared, door=Door.CUSTOMER),
            Route(method="POST", path="/shared-users/remove", page=self.remove_shared, door=Door.CUSTOMER),
            Route(method="POST", path="/customers/{customer}/proxy", page=self.begin_proxy, door=Door.PARTNER),
            Route(method="POST", path="/proxy/end", page=self.end_proxy, door=Door.SIGNED_IN),
            Route(method="GET", path="/account", page=self.show_account, door=Door.OWN),
            Route(method="POST", path="/account/language", page=self.set_language, door=Door.OWN),
            Route(method="POST", path="/account/tokens", page=self.add_token, door=Door.OWN),
            Route(method="POST", path="/account/tokens/revoke", page=self.revoke_token, door=Door.OWN),
        ]

    async def show_shared(self, visit: Visit) -> web.Response:
        """Those of the customer."""
        return await self._shared(visit)

    async def add_shared(self, visit: Visit) -> web.Response:
        """A view-only user: with a password that is told, or one that is mailed."""
        form = visit.form()
        name, email = form.text("name"), form.email("email")
        temporary: str | None = None
        if form.flag("temporary"):
            temporary = form.password("password", length_min=LENGTH_MIN, length_max=LENGTH_MAX)
        if form.failed or name is None or email is None:
            return await self._shared(visit, form, 422)
        password = temporary or random_password()
        request = NewUser(
            email=email,
            name=name,
            language=visit.language,
            password_hash=await self._site.passwords.hash(password),
            password_origin="temporary" if temporary else "mailed",
            password=None if temporary else password,
        )
        async with self._site.store.begin() as tx:
            outcome = await once(
                tx,
                visit.actor,
                visit.key,
                f"shared_user.add {email} {request.password_origin} {name}",
                visit.now,
                lambda: self._add_shared(tx, visit, request),
                write=str,
                read=str,
            )
        if isinstance(outcome, Refusal):
            form.reject("email", visit.said(outcome))
            return await self._shared(visit, form, outcome.status)
        return go("/shared-users", done="shared_added")

    async def remove_shared(self, visit: Visit) -> web.Response:
        """Ends the account and its sessions at once."""
        async with self._site.store.begin() as tx:
            outcome = await remove_shared_user(tx, visit.actor, visit.typed.get("user", "")[:64], visit.now)
        if isinstance(outcome, Refusal):
            raise visit.refused(outcome)
        return go("/shared-users", done="shared_removed")

    async def begin_proxy(self, visit: Visit) -> web.Response:
        """The partner's session acts as the customer, for as long as the rules say."""
        one = visit.request.match_info["customer"]
        async with self._site.store.begin() as tx:
            outcome = await begin_proxy(tx, visit.actor, one, visit.now)
            if isinstance(outcome, Actor):
                await set_session_proxy(tx, _session(visit), outcome.on_behalf_of, outcome.proxy_since)
        if isinstance(outcome, Refusal):
            raise visit.refused(outcome)
        return go("/cameras")

    async def end_proxy(self, visit: Visit) -> web.Response:
        """Back to the customer's page, as oneself; nothing happens where it is over already."""
        customer = visit.actor.on_behalf_of
        if customer is None:
            return go("/")
        async with self._site.store.begin() as tx:
            await end_proxy(tx, visit.actor, visit.now)
            await set_session_proxy(tx, _session(visit), None, None)
        return go(f"/customers/{customer}", done="proxy_ended")

    async def show_account(self, visit: Visit) -> web.Response:
        """Name, address, password, tokens."""
        return await self._account(visit)

    async def set_language(self, visit: Visit) -> web.Response:
        """The language of mails, and of the pages from now on."""
        form = visit.form()
        language = form.choice("language", LANGUAGES)
        if language is None:
            return await self._account(visit, form, 422)
        chosen: Language = "en" if language == "en" else "ja"
        async with self._site.store.begin() as tx:
            outcome = await set_language(tx, visit.actor, chosen, visit.now)
        if isinstance(outcome, Refusal):
            raise visit.refused(outcome)
        return go("/account", done="language_changed", lang=chosen)

    async def add_token(self, visit: Visit) -> web.Response:
        """A token for programs; this answer is the only place where it is shown."""
        form = visit.form()
        name = form.text("token_name", length_max=80)
        if name is None:
            return await self._account(visit, form, 422)
        token = new_token()
        async with self._site.store.begin() as tx:
            outcome = await add_api_token(
                tx,
                visit.actor,
                id=new_key(),
                name=name,
                token_sha256=hash_of(token),
                expires_at=None,
                now=visit.now,
            )
        if isinstance(outcome, Refusal):
            form.failure = visit.said(outcome)
            return await self._account(visit, form, outcome.status)
        return await self._account(visit, made=token)

    async def revoke_token(self, visit: Visit) -> web.Response:
        """Ends a token at once."""
        async with self._site.store.begin() as tx:
            await revoke_api_token(tx, visit.actor, visit.typed.get("token", "")[:64], visit.now)
        return go("/account", done="token_revoked")

    async def _add_shared(self, tx: Transaction, visit: Visit, request: NewUser) -> str | Refusal:
        outcome = await add_shared_user(tx, visit.actor, request, visit.now, self._site.rules)
        return outcome.id if isinstance(outcome, User) else outcome

    async def _shared(self, visit: Visit, form: Form | None = None, status: int = 200) -> web.Response:
        async with self._site.store.read() as tx:
            found = await shared_users(tx, visit.actor)
        if isinstance(found, Refusal):
            raise visit.refused(found)
        return page(
            visit, "shared_users", section="shared-users", status=status, form=form, users=found, least=LENGTH_MIN
        )

    async def _account(self, visit: Visit, form: Form | None = None, status: int = 200, made: str = "") -> web.Response:
        async with self._site.store.read() as tx:
            tokens = await api_tokens_of(tx, visit.actor)
        user = _session(visit).user
        return page(visit, "account", section="account", status=status, form=form, user=user, tokens=tokens, made=made)


def _session(visit: Visit) -> Session:
    assert visit.identity is not None and visit.identity.session is not None
    return visit.identity.session
