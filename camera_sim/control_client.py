"""The way to a running fleet's control API, for commands."""

import json
import urllib.error
import urllib.request
from typing import Any

_ANSWER_SECONDS = 10


class RefusedError(Exception):
    """The API, or the way to it, said no. One sentence."""


def ask(method: str, url: str, content: Any = None) -> Any:
    """The answer's content. Raises RefusedError."""
    body = None if content is None else json.dumps(content).encode()
    try:
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=_ANSWER_SECONDS) as answer:
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        with error:
            raise RefusedError(_detail(error)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise RefusedError(
            f"{url}: no answer ({reason}); are the cameras running, with `control: {{listen: …}}` in "
            f"their fleet file? If they were started with --port-base N, give it here, too"
        ) from None


def _detail(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.loads(error.read())["detail"])
    except (ValueError, KeyError, TypeError):
        return f"{error.url}: {error.code} {error.reason}"
