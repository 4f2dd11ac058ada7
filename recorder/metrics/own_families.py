"""The metrics of the recorder itself: its event loop, its queues, its clock, its line to the licence service."""

from collections.abc import Iterator
from itertools import accumulate

from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric

from recorder.metrics.kinds import PREFIX, counter, gauge
from recorder.metrics.loop_lag import BOUNDS_SECONDS, LoopLag
from recorder.web.served import Served


def own_families(served: Served, lag: LoopLag) -> Iterator[Metric]:
    """As of now. What this recorder does not have (a service, events) is left out."""
    yield _loop(lag)
    catalog, bus = served.catalog, served.bus
    if catalog is not None:
        yield gauge("index_queue_changes", "Changes that wait for the index", (), [((), catalog.waiting)])
        yield counter("index_changes_lost", "Changes of the index that were lost", (), [((), catalog.lost_changes)])
    if bus is not None:
        yield counter("events_refused", "Events beyond what one camera may have", (), [((), bus.refused)])
    yield from _clock(served)
    yield from _service(served)


def _loop(lag: LoopLag) -> Metric:
    family = HistogramMetricFamily(PREFIX + "loop_lag_seconds", "How late the event loop is")
    bounds = [*map(str, BOUNDS_SECONDS), "+Inf"]
    family.add_metric((), list(zip(bounds, map(float, accumulate(lag.counts)), strict=True)), lag.sum_seconds)
    return family


def _clock(served: Served) -> Iterator[Metric]:
    evidence = served.gate.evidence()
    yield gauge("clock_trusted", "1 while licences may go by the clock", (), [((), evidence.doubt is None)])
    ahead = evidence.wall_ahead.total_seconds()
    yield gauge("clock_ahead_seconds", "How far the clock is ahead of the confirmed time", (), [((), ahead)])


def _service(served: Served) -> Iterator[Metric]:
    status = served.licence.status
    if status is None:
        return
    yield gauge(
        "service_connected", "1 while the licence service is connected", (), [((), status.phase == "connected")]
    )
    if status.registered is not None:
        yield gauge("service_registered", "1 while the device belongs to somebody", (), [((), status.registered)])
    if status.stale_after is not None:
        at = status.stale_after.timestamp()
        yield GaugeMetricFamily(
            PREFIX + "service_needed_by_timestamp_seconds", "When the remote side ends without the service", value=at
        )
