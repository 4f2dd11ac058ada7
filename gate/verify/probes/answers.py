"""What the recorder's remote side answers: something, or a refusal with its reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from gate.verify.errors import ProbeError
from gate.verify.site import Site

CLOSE_LICENCE = 4403
_DENIAL = "urn:edge-recorder:denial:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`denial`: the code, where a licence is what was missing."""

    status: int
    body: bytes
    denial: str | None

    @property
    def evidence(self) -> dict[str, Any]:
        return {"status": self.status} | ({"denial": self.denial} if self.denial else {"bytes": len(self.body)})


async def ask(site: Site, url: str, content: object = None, *, may_be_gone: bool = False) -> Answer:
    """GET, or POST of the content. `may_be_gone`: 404 is an answer, too. Raises ProbeError for what is neither an
    answer nor a denial."""
    try:
        async with site.session.request("GET" if content is None else "POST", url, json=content) as response:
            body = await response.read()
            problem = await response.json(content_type=None) if response.status >= 400 and body else {}
    except (aiohttp.ClientError, OSError, ValueError, TimeoutError) as error:
        raise ProbeError(f"{url} gives no answer: {type(error).__name__} {error}") from None
    if response.status < 400 or (may_be_gone and response.status == 404):
        return Answer(status=response.status, body=body, denial=None)
    denial = denial_code(problem)
    if response.status == 403 and denial is not None:
        return Answer(status=403, body=b"", denial=denial)
    raise ProbeError(f"{url} answers {response.status} {problem.get('code', '')}, which is neither yes nor no")


def denial_of(end: Mapping[str, Any]) -> str | None:
    """The denial in the last words of a WebSocket; None if it ended for another reason, or said nothing."""
    return denial_code(end.get("problem") or {})


def denial_code(problem: Mapping[str, Any]) -> str | None:
    """The denial that a problem object tells; None for any other problem."""
    kind = str(problem.get("type", ""))
    return kind.removeprefix(_DENIAL) if kind.startswith(_DENIAL) else None
