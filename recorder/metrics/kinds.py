"""Metrics of one name with their values, by labels."""

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

PREFIX = "edge_recorder_"

Values = Iterable[tuple[tuple[str, ...], float]]
"""Values of labels, and the value."""


def gauge(name: str, help: str, labels: tuple[str, ...], values: Values) -> Metric:
    """What goes up and down."""
    family = GaugeMetricFamily(PREFIX + name, help, labels=labels)
    for of, value in values:
        family.add_metric(of, value)
    return family


def counter(name: str, help: str, labels: tuple[str, ...], values: Values) -> Metric:
    """What only grows; its name ends in `_total` where it is read."""
    family = CounterMetricFamily(PREFIX + name, help, labels=labels)
    for of, value in values:
        family.add_metric(of, value)
    return family
