"""`/api/openapi.json`: the remote API as an OpenAPI 3.1 document.

`openapi.yaml` beside this says what each operation takes and gives. Added here, so that nobody has to keep it true: the
role an operation needs (`x-role`, from recorder.access.route_table), who may call it, and that whatever is refused is a
problem object.
"""

import json
from importlib import resources
from importlib.metadata import version
from typing import Any

import yaml
from aiohttp import web

from recorder.access.route_table import need_of

_PROBLEM = {
    "description": "A problem object: what is refused, why, and what to do",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def document() -> dict[str, Any]:
    """The document, as JSON-able data."""
    text = (resources.files("recorder.remote.openapi") / "openapi.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    found["info"]["version"] = version("edge-recorder")
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            if method == "parameters":
                continue
            need = need_of(method.upper(), path)
            operation["security"] = [] if need.open_to_all else [{"session": []}]
            if need.role is not None:
                operation["x-role"] = need.role
            operation["responses"]["default"] = _PROBLEM
    return found


def add_openapi(router: web.UrlDispatcher) -> None:
    """The route; the document is made once, with the application."""
    body = json.dumps(document(), ensure_ascii=False).encode()

    async def show(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json", headers={"Cache-Control": "no-cache"})

    router.add_get("/api/openapi.json", show)
