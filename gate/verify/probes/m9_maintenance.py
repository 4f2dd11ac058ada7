"""M9: device information, and an operation whose effect is seen: the monitor says which recorder it is."""

import json

from gate.verify.errors import ProbeError
from gate.verify.matrix import Part
from gate.verify.probes import monitor
from gate.verify.probes.answers import ask
from gate.verify.probes.bench import Bench

SECONDS = 4.0
_REFUSED_SECONDS = 0.5
_SHARE_MIN = 0.25


async def probe(bench: Bench) -> list[Part]:
    """Two parts."""
    site = bench.site
    device = await ask(site, site.remote("device"))
    told = json.loads(device.body) if not device.denial else {}
    if not device.denial and told.get("id") != site.device:
        raise ProbeError(f"the device information is of {told.get('id')!r}, not of {site.device}")
    facts = {name: told[name] for name in ("id", "model", "firmware", "serial") if name in told}
    information = Part(name="device information", works=not device.denial, evidence=device.evidence | facts)
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
    return [information, Part(name="identify, seen on the monitor", works=seen, evidence=evidence)]
