"""Exports and maintenance through the licence service: the same API as on the LAN, and the same cut."""

import asyncio
import contextlib
import json
import socket
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from gate.client.attestation import Attestor
from gate.clock import instant_of
from gate.signing.identity import open_identity
from recorder.access.access import Access
from recorder.access.audit import AuditLog
from recorder.catalog.database import Catalog
from recorder.exports.opening import open_exporter
from recorder.maintenance.log_ring import LogRing
from recorder.maintenance.opening import open_upkeep
from recorder.maintenance.upkeep import Host, Stop
from recorder.remote.app import serve_remote
from recorder.web.server import Front
from tests.component.service.relay.line import Line, recorder
from tests.fakes.recorded import Recorded
from tests.fakes.remote_site import RemoteSite, config_of
from tests.fakes.video import EPOCH_NS, FPS, access_units


async def test_footage_is_exported_fetched_and_cut_through_the_service(line: Line, tmp_path: Path) -> None:
    site = RemoteSite(clock=line.clock, config=config_of(tmp_path / "site"))
    storage = site.config.storage.model_copy(update={"free_bytes_min": 0})
    site.config = site.config.model_copy(update={"storage": storage})
    site.entitle(line.clock.now() + timedelta(hours=1))
    data_dir = site.config.device.data_dir
    recorded = Recorded(data_dir, segment_seconds=3)
    recorded.write(access_units(9 * FPS))
    recorded.close()
    catalog = Catalog(data_dir / "index.db")
    host = Host(config_path=tmp_path / "none.yaml", log=LogRing(), stop=Stop(asyncio.Event()))
    upkeep = open_upkeep(site.config, site.gate, line.clock, host, None)
    async with open_exporter(site.config, site.gate, line.clock, Attestor(open_identity(data_dir))) as exports:
        job = asyncio.create_task(exports.run())
        fronts: list[Front] = []

        async def door(came: socket.socket) -> None:
            await fronts[0].accept(came)

        async with AsyncExitStack() as stack:
            device = await stack.enter_async_context(recorder(line, tmp_path / "rec", door=door))
            audit = AuditLog(now=line.clock.now)
            site.access = Access(clock=line.clock, audit=audit, device="rec-1", judge=device.licensing.visitors)
            parts = replace(site.parts, catalog=catalog, exports=exports, upkeep=upkeep)
            fronts.append(await stack.enter_async_context(serve_remote(parts)))
            customer, _ = await line.customer()
            await device.until(lambda: device.uplink.status.registered is False)
            base = f"/relay/{await line.register(customer, device.code)}/api/v1/"
            await device.until(lambda: device.uplink.status.registered)
            async with line.browser(customer) as session:
                wish = {"camera": "cam1", "from": instant_of(EPOCH_NS + 2 * 10**9).isoformat()}
                wish["to"] = instant_of(EPOCH_NS + 8 * 10**9).isoformat()
                async with session.post(base + "exports", data=json.dumps(wish)) as answer:
                    assert answer.status == 202
                    id = (await answer.json())["id"]
                export = exports.get(id)
                assert export is not None
                await device.until(lambda: export.over)
                (file,) = export.files
                path = f"{base}exports/{id}/files/{file.name}"
                async with session.get(path, headers={"Range": "bytes=0-99"}) as answer:
                    assert (answer.status, len(await answer.read())) == (206, 100)
                async with session.get(path) as answer:
                    assert (answer.status, len(await answer.read())) == (200, file.size)
                async with session.get(base + "maintenance") as answer:
                    assert (answer.status, (await answer.json())["service"]) == (200, False)
                site.entitle(line.clock.now() - timedelta(seconds=1))
                for refused in (path, base + "maintenance"):
                    async with session.get(refused) as answer:
                        assert (answer.status, (await answer.json(content_type=None))["code"]) == (403, "EXPIRED")
                site.entitle(line.clock.now() + timedelta(hours=1))
                async with session.delete(f"{base}exports/{id}") as answer:
                    assert answer.status == 204
        job.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await job
    catalog.close()
