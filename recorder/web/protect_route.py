"""`/v1/protected` of the local site: footage that is deleted last."""

import json
import sqlite3
from functools import partial

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gate.yaml_file import first_error
from recorder.catalog.database import Catalog
from recorder.catalog.retention_queries import protected_ranges
from recorder.config import DeviceConfig
from recorder.maintenance.errors import MaintenanceError
from recorder.maintenance.protection import as_json, change_protection
from recorder.web.middleware import language_of
from recorder.web.problem import own_problem, problem_response


class ProtectRequest(BaseModel):
    """A half-open range; without a note protection is taken off."""

    model_config = ConfigDict(extra="forbid")

    camera: str
    start_utc_ns: int = Field(ge=0, lt=2**62)
    end_utc_ns: int = Field(gt=0, lt=2**62)
    note: str | None = Field("", max_length=500)


class ProtectRoute:
    """For whoever may open the local socket."""

    def __init__(self, *, catalog: Catalog, device: DeviceConfig) -> None:
        self._catalog = catalog
        self._language = device.language

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Every range under protection."""
        return web.json_response({"protected": as_json(await self._catalog.read(protected_ranges))})

    async def change(self, request: web.Request) -> web.StreamResponse:
        """Protects a range, or takes protection off it; answers with the camera's ranges."""
        try:
            wanted = ProtectRequest.model_validate(json.loads(await request.read()))
            if wanted.start_utc_ns >= wanted.end_utc_ns:
                raise MaintenanceError("the end must be later than the start")
            ranges = await self._catalog.do(
                partial(
                    change_protection,
                    camera=wanted.camera,
                    start_utc_ns=wanted.start_utc_ns,
                    end_utc_ns=wanted.end_utc_ns,
                    note=wanted.note,
                )
            )
        except (ValueError, RecursionError, MaintenanceError) as error:
            text = first_error(error) if isinstance(error, ValidationError) else str(error)
            return self._problem(request, text)
        except sqlite3.Error as error:
            return self._problem(request, f"the index does not take it: {error}")
        return web.json_response({"protected": as_json(ranges)})

    def _problem(self, request: web.Request, text: str) -> web.Response:
        problem = own_problem("protection_refused", language_of(request, self._language))
        return problem_response(problem | {"detail": f"{problem['detail']} ({text})"})
