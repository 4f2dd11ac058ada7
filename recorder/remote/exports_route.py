"""`/api/v1/exports`: footage as exact MP4 files (M2 download, M5). They are made here, fetched by exports_download.

The list is not gated: it tells why an export waits. Ordering and removing one needs what fetching it needs.
"""

import json
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from gate.clock import instant_of, ns_of
from gate.licence.denials import problem
from gate.licence.text import Language
from gate.yaml_file import first_error
from recorder.access.actor import actor_of, may_see
from recorder.catalog.rows import Stream
from recorder.exports.errors import ExportError
from recorder.exports.export import Export, ExportedFile, Order, instant_text
from recorder.exports.exporter import Exporter, new_id
from recorder.remote.exports_problems import export_problem
from recorder.web.answers import json_answer
from recorder.web.middleware import language_of
from recorder.web.problem import problem_response
from recorder.web.served import Served

HOURS_MAX = 24
CAMERAS_MAX = 16


class Wish(BaseModel):
    """The body of an order."""

    model_config = ConfigDict(extra="forbid")

    cameras: Annotated[tuple[str, ...], Field(min_length=1, max_length=CAMERAS_MAX)]
    start: Annotated[AwareDatetime, Field(alias="from")]
    end: Annotated[AwareDatetime, Field(alias="to")]
    stream: Stream = "main"

    @model_validator(mode="before")
    @classmethod
    def _one_camera(cls, given: Any) -> Any:
        if isinstance(given, dict) and isinstance(given.get("camera"), str) and "cameras" not in given:
            return {**{key: value for key, value in given.items() if key != "camera"}, "cameras": [given["camera"]]}
        return given

    @model_validator(mode="after")
    def _range_has_sense(self) -> "Wish":
        if not 0 < (self.end - self.start).total_seconds() <= HOURS_MAX * 3600:
            raise ValueError(f"to must be later than from, by {HOURS_MAX} hours at most")
        if len(set(self.cameras)) < len(self.cameras):
            raise ValueError("a camera is named twice")
        return self


class ExportsRoute:
    """`exports`: who makes them."""

    def __init__(self, served: Served, exports: Exporter) -> None:
        self._served = served
        self._exports = exports
        self._language: Language = served.config.device.language
        self._zone = ZoneInfo(served.config.device.time_zone)

    async def all(self, request: web.Request) -> web.StreamResponse:
        """Those whose cameras exist for who asks, the newest first, and what room there is."""
        shown = [export for export in self._exports.all() if sees(request, export)]
        limits = self._served.config.exports
        expired = self._exports.expired
        return json_answer(
            {
                "exports": [self._told(request, export) for export in shown],
                "used_bytes": sum(export.size for export in self._exports.all()),
                "bytes_max": limits.bytes_max,
                "count_max": limits.count_max,
                "days_max": limits.days_max,
                "expired": {"age": expired.age, "count": expired.count},
            }
        )

    async def one(self, request: web.Request) -> web.StreamResponse:
        """How far it is."""
        export = self._find(request)
        return self._problem(request, "export_unknown") if export is None else json_answer(self._told(request, export))

    async def order(self, request: web.Request) -> web.StreamResponse:
        """202 with the export and its address; it is made behind."""
        try:
            wish = Wish.model_validate(json.loads(await request.read()))
        except (ValueError, RecursionError) as error:
            text = first_error(error) if isinstance(error, ValidationError) else "this is no JSON"
            return self._problem(request, "export_malformed", text)
        cameras = self._served.board.cameras
        unknown = [name for name in wish.cameras if name not in cameras or not may_see(request, name)]
        if unknown:
            return problem_response(
                export_problem("camera_unknown", language_of(request, self._language), camera=unknown[0][:64])
            )
        refused = self._denied(request, wish.cameras)
        if refused is not None:
            return refused
        order = Order(
            id=new_id(),
            cameras=wish.cameras,
            stream=wish.stream,
            start_utc_ns=ns_of(wish.start),
            end_utc_ns=ns_of(wish.end),
            asked_utc_ns=self._served.clock.now_ns(),
            asked_by=actor_of(request).name if actor_of(request).origin != "local" else "",
        )
        try:
            export = await self._exports.ask(order)
        except ExportError as error:
            return self._problem(request, error.code)
        span = f"{instant_text(order.start_utc_ns)} – {instant_text(order.end_utc_ns)}"
        detail = f"{order.id}: {', '.join(order.cameras)} {span}"
        self._served.audit.note(actor_of(request), "export.ordered", camera=order.cameras[0], detail=detail)
        answer = json_answer(self._told(request, export), status=202)
        answer.headers["Location"] = f"exports/{order.id}"
        return answer

    async def remove(self, request: web.Request) -> web.StreamResponse:
        """Cancels it, or removes the finished one. 204."""
        export = self._find(request)
        if export is None:
            return self._problem(request, "export_unknown")
        refused = self._denied(request, export.order.cameras)
        if refused is not None:
            return refused
        await self._exports.remove(export.order.id)
        self._served.audit.note(
            actor_of(request), "export.removed", camera=export.order.cameras[0], detail=export.order.id
        )
        return web.Response(status=204, headers={"Cache-Control": "no-store"})

    def _find(self, request: web.Request) -> Export | None:
        export = self._exports.get(request.match_info["export"])
        return export if export is not None and sees(request, export) else None

    def _denied(self, request: web.Request, cameras: tuple[str, ...]) -> web.Response | None:
        denial = self._exports.denial_of([name for name in cameras if name in self._served.board.cameras])
        if denial is None:
            return None
        return problem_response(problem(denial, language_of(request, self._language), self._zone))

    def _told(self, request: web.Request, export: Export) -> dict[str, Any]:
        order, language = export.order, language_of(request, self._language)
        trouble = None
        if export.problem:
            trouble = export_problem(export.problem, language)
        elif export.denial is not None:
            trouble = problem(export.denial, language, self._zone)
        return {
            "id": order.id,
            "cameras": list(order.cameras),
            "stream": order.stream,
            "from": instant_text(order.start_utc_ns),
            "to": instant_text(order.end_utc_ns),
            "asked_at": instant_text(order.asked_utc_ns),
            "asked_by": order.asked_by or None,
            "state": export.state,
            "problem": trouble,
            "restarts": export.restarts,
            "done_bytes": export.done_bytes,
            "planned_bytes": export.planned_bytes,
            "size": export.size,
            "ended_at": instant_text(export.ended_utc_ns) if export.ended_utc_ns is not None else None,
            "expires_at": self._expires(export),
            "files": [_file(order.id, file) for file in export.files],
        }

    def _expires(self, export: Export) -> str | None:
        if export.ended_utc_ns is None:
            return None
        days_ns = round(self._served.config.exports.days_max * 86_400 * 1e9)
        at: datetime = instant_of(export.ended_utc_ns + days_ns)
        return at.isoformat(timespec="seconds")

    def _problem(self, request: web.Request, code: str, detail: str = "") -> web.Response:
        found = export_problem(code, language_of(request, self._language))
        return problem_response(found | {"detail": f"{found['detail']}: {detail}"} if detail else found)


def sees(request: web.Request, export: Export) -> bool:
    """Whether an export exists for who asks: all its cameras must."""
    return all(may_see(request, camera) for camera in export.order.cameras)


def _file(id: str, file: ExportedFile) -> dict[str, Any]:
    return {
        "name": file.name,
        "href": f"api/v1/exports/{id}/files/{file.name}",
        "camera": file.camera,
        "start": instant_text(file.start_utc_ns),
        "end": instant_text(file.end_utc_ns),
        "pictures": file.pictures,
        "size": file.size,
        "sha256": file.sha256,
        "codec": file.codec,
        "width": file.width,
        "height": file.height,
        "sound": file.has_sound,
    }
