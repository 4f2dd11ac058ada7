"""M7: an event that is made to happen pops up on a picture that stands still otherwise."""

from gate.verify.matrix import Part
from gate.verify.probes import monitor
from gate.verify.probes.bench import Bench

SECONDS = 4.0
_SHARE_MIN = 0.005
"""The least of the screen that a pop-up changes."""


async def probe(bench: Bench) -> list[Part]:
    """One part. The column's event has happened afterwards, whatever was seen."""
    site, happening = bench.site, bench.happening
    try:
        await monitor.order(
            site, show={"view": "playback", "camera": bench.known.camera, "at": bench.known.start.isoformat()}
        )
        await monitor.order(site, key="stop")
        before, calm = await monitor.settled(site)
    finally:
        await bench.happen()
    works, share, after_ms, png = await monitor.appears(
        site, before, _SHARE_MIN, SECONDS, happening.happened_ns, is_new=monitor.pops_up
    )
    evidence = {
        "kind": happening.kind,
        "detail": happening.token,
        "changed_percent": round(share * 100, 2),
        "after_ms": round(after_ms),
        "before": bench.keep("M7-before", calm),
        "picture": bench.keep("M7", png),
    }
    return [Part(name="pop-up", works=works, evidence=evidence)]
