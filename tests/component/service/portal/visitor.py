"""A browser without a screen: cookies, forms with their tokens, redirects followed by hand."""

import html
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import ClientSession, CookieJar, FormData
from yarl import URL

_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
_FORM = re.compile(r"<form[^>]*>.*?</form>", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back. `location`: where a redirect leads."""

    status: int
    text: str
    location: str
    headers: Mapping[str, str]

    @property
    def words(self) -> str:
        """The page's text without its tags."""
        main = self.text.partition("<main")[2]
        return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main)))


class Visitor:
    """One visitor with cookies of its own."""

    def __init__(self, address: str) -> None:
        self._address = URL(address)
        self._session = ClientSession(address, cookie_jar=CookieJar(unsafe=True), headers={"Accept-Language": "en"})

    async def get(self, path: str, **headers: str) -> Answer:
        """A page, no redirect followed."""
        return await self._ask("GET", path, headers=headers)

    async def arrive(self, path: str) -> Answer:
        """A page, redirects followed."""
        answer = await self.get(path)
        while answer.status == 303:
            answer = await self.get(answer.location)
        return answer

    async def post(self, path: str, fields: Mapping[str, str] | FormData, **headers: str) -> Answer:
        """A form's fields as they are, without a token unless it is among them."""
        return await self._ask("POST", path, fields, headers)

    async def send(self, page: str, path: str, **fields: str) -> Answer:
        """Opens a page, fills in its form for `path`, and sends it with its hidden fields."""
        return await self.post(path, {**await self.hidden(page, path), **fields})

    async def hidden(self, page: str, path: str) -> dict[str, str]:
        """The hidden fields of the form for `path` on a page."""
        text = (await self.arrive(page)).text
        form = next((one for one in _FORM.findall(text) if f'action="{path}"' in one), None)
        assert form is not None, f"{page} has no form for {path}: {text}"
        return {name: html.unescape(value) for name, value in _HIDDEN.findall(form)}

    async def sign_in(self, email: str, password: str) -> Answer:
        """Sends the sign-in form."""
        return await self.send("/sign-in", "/sign-in", email=email, password=password)

    def cookie(self, name: str) -> str | None:
        """A cookie's value."""
        return next((one.value for one in self._session.cookie_jar if one.key == name), None)

    def put_cookie(self, name: str, value: str) -> None:
        """Takes somebody else's cookie."""
        self._session.cookie_jar.update_cookies({name: value}, self._address)

    async def close(self) -> None:
        """Ends its connections."""
        await self._session.close()

    async def _ask(
        self, method: str, path: str, data: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        if isinstance(data, Mapping) and sum(map(len, data.values())) > 1 << 19:
            data = io.BytesIO(urlencode(data).encode())
            headers = {**(headers or {}), "Content-Type": "application/x-www-form-urlencoded"}
        async with self._session.request(method, path, data=data, headers=headers, allow_redirects=False) as response:
            return Answer(
                status=response.status,
                text=await response.text(errors="replace"),
                location=response.headers.get("Location", ""),
                headers=response.headers.copy(),
            )
