"""M9: device information, the packed logs, and an operation that is seen: the monitor says which recorder it is. While
that is refused a camera is asked to restart, too; it would be away for a while, so it is not where it might."""

import asyncio
import io
import json
import tarfile

from gate.verify.errors import ProbeError
from gate.verify.matrix import Part
from gate.verify.probes import monitor
from gate.verify.probes.answers import ask
from gate.verify.probes.bench import Bench

SECONDS = 4.0
_REFUSED_SECONDS = 0.5
_SHARE_MIN = 0.25


async def probe(bench: Bench) -> list[Part]:
    """Device information, logs; the restart, where information is refused; identify, where there is a monitor."""
    parts = [await _information(bench), await _logs(bench)]
    if not parts[0].works:
        parts.append(await _restart(bench))
    if bench.site.has_monitor:
        parts.append(await _identify(bench))
    return parts


async def _information(bench: Bench) -> Part:
    site = bench.site
    device = await ask(site, site.remote("device"))
    told = json.loads(device.body) if not device.denial else {}
    if not device.denial and told.get("id") != site.device:
        raise ProbeError(f"the device information is of {told.get('id')!r}, not of {site.device}")
    facts = {name: told[name] for name in ("id", "model", "firmware", "serial") if name in told}
    return Part(name="device information", works=not device.denial, evidence=device.evidence | facts)


async def _restart(bench: Bench) -> Part:
    answer = await ask(bench.site, bench.site.remote(f"cameras/{bench.camera}/reboot"), {})
    return Part(name="restart of a camera", works=answer.denial is None, evidence=answer.evidence)


async def _logs(bench: Bench) -> Part:
    site = bench.site
    answer = await ask(site, site.remote("maintenance/logs.tar.gz"))
    files = [] if answer.denial else await asyncio.to_thread(_names, answer.body)
    faulty = not files and not answer.denial
    return Part(name="logs", works=bool(files), faulty=faulty, evidence=answer.evidence | {"files": files})


def _names(packed: bytes) -> list[str]:
    try:
        with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as archive:
            return sorted(one.name for one in archive.getmembers() if one.size)
    except (tarfile.TarError, OSError, EOFError):
        return []


async def _identify(bench: Bench) -> Part:
    site = bench.site
    before, _ = await monitor.settled(site)
    asked_ns = site.clock.now_ns()
    answer = await ask(site, site.remote("maintenance/identify"), {"seconds": 10})
    seconds = _REFUSED_SECONDS if answer.denial else SECONDS
    seen, share, after_ms, png = await monitor.appears(site, before, _SHARE_MIN, seconds, asked_ns)
    if not answer.denial:
        await ask(site, site.remote("maintenance/identify"), {"seconds": 0})
    evidence = answer.evidence | {
        "changed_percent": round(share * 100, 1),
        "after_ms": round(after_ms) if seen else None,
        "picture": bench.keep("M9", png),
    }
    if seen and answer.denial:
        raise ProbeError("the monitor identifies itself although that was refused")
    faulty = not seen and not answer.denial
    return Part(name="identify, seen on the monitor", works=seen, faulty=faulty, evidence=evidence)
