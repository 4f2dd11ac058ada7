"""A partner at the licence service: by a token, or signed in to its portal as a browser is."""

import re
from collections.abc import Mapping

import aiohttp

from gate.verify.errors import SiteError

_FORM_TOKEN = re.compile(r'name="form_token" value="([^"]+)"')


class WrongSignInError(SiteError):
    """The service knows no such pair of e-mail address and password."""


def by_token(token: str) -> Mapping[str, str]:
    """The headers of a program's requests."""
    return {"Authorization": f"Bearer {token}"}


async def by_password(session: aiohttp.ClientSession, portal: str, email: str, password: str) -> Mapping[str, str]:
    """Signs the session in; gives the headers that its requests need from then on. Raises SiteError."""
    origin = {"Origin": portal.rstrip("/")}
    form = {"form_token": await _form_token(session, f"{portal}sign-in"), "email": email, "password": password}
    try:
        async with session.post(f"{portal}sign-in", data=form, headers=origin, allow_redirects=False) as answer:
            status = answer.status
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise SiteError(f"the licence service does not answer: {type(error).__name__}") from None
    if status == 403:
        raise WrongSignInError("the licence service does not know this pair of e-mail address and password")
    if status != 303:
        raise SiteError(f"the licence service answers a sign-in with {status}")
    return {**origin, "X-Form-Token": await _form_token(session, portal)}


async def _form_token(session: aiohttp.ClientSession, page: str) -> str:
    try:
        async with session.get(page) as answer:
            found = _FORM_TOKEN.search(await answer.text())
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        raise SiteError(f"the licence service does not answer: {type(error).__name__}") from None
    if found is None:
        raise SiteError("what answers there has no sign-in page of a licence service")
    return found[1]
