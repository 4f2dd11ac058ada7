"""What every request passes: its language, and errors turned into problem objects."""

import logging
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

from gate.licence.text import Language
from recorder.web.language import choose_language
from recorder.web.problem import http_problem, own_problem, problem_response

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_log = logging.getLogger(__name__)


def language_of(request: web.Request, default: Language) -> Language:
    """The language of the answer: `?lang`, else Accept-Language, else the device's."""
    return choose_language(
        query=request.query.get("lang"), accept_language=request.headers.get("Accept-Language"), default=default
    )


def problems_middleware(default: Language) -> Middleware:
    """Turns every error into `application/problem+json`; what was not foreseen is logged and says no details."""

    @web.middleware
    async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            if error.status < 400:
                raise
            kept = {name: error.headers[name] for name in ("Allow", "Upgrade") if name in error.headers}
            return problem_response(http_problem(error.status, language_of(request, default)), kept)
        except ConnectionError:
            if request.transport is not None and not request.transport.is_closing():
                raise
            return web.Response(status=503)  # nobody is there to read it
        except Exception:
            _log.exception("%s %s failed", request.method, request.path)
            return problem_response(own_problem("internal_error", language_of(request, default)))

    return problems
