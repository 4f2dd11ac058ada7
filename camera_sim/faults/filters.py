"""Faults of packets: what becomes of one receiver's RTP packets and reports. Pure; `random` makes it repeatable.

RTP header fields at fixed places: RFC 3550 section 5.1; sender reports: section 6.4.1.
"""

import random
import struct
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Protocol

from camera_sim.faults.fault import Fault, Value

RTP_HZ = 90_000
_TIME = struct.Struct(">I")
_TIME_AT, _SSRC_AT = 4, 8
_REPORT_SSRC_AT, _REPORT_TIME_AT = 4, 16
_SENDER_REPORT = 200
_MASK = 0xFFFFFFFF


class Filter(Protocol):
    """One fault for one receiver."""

    def packets(self, packets: list[bytearray]) -> list[bytearray]:
        """The packets of a picture as they arrive."""

    def report(self, report: bytearray) -> bytearray | None:
        """A compound RTCP packet as it arrives; None: it does not."""


class _Plain:
    """Changes nothing."""

    def packets(self, packets: list[bytearray]) -> list[bytearray]:
        return packets

    def report(self, report: bytearray) -> bytearray | None:
        return report


class _Loss(_Plain):
    def __init__(self, params: Mapping[str, Value], rng: random.Random, counts: Counter[str]) -> None:
        self._share, self._rng, self._counts = params["share"], rng, counts

    def packets(self, packets: list[bytearray]) -> list[bytearray]:
        kept = [packet for packet in packets if self._rng.random() >= self._share]
        self._counts["packets_lost"] += len(packets) - len(kept)
        return kept


class _Duplicates(_Loss):
    def packets(self, packets: list[bytearray]) -> list[bytearray]:
        out = []
        for packet in packets:
            twice = self._rng.random() < self._share
            out += [packet, packet] if twice else [packet]
        self._counts["packets_twice"] += len(out) - len(packets)
        return out


class _Reorder(_Plain):
    """A packet held back is let go after `distance` others, in a later picture if need be."""

    def __init__(self, params: Mapping[str, Value], rng: random.Random, counts: Counter[str]) -> None:
        self._share, self._distance, self._rng, self._counts = params["share"], int(params["distance"]), rng, counts
        self._held: list[tuple[int, bytearray]] = []

    def packets(self, packets: list[bytearray]) -> list[bytearray]:
        out = []
        for packet in packets:
            if self._rng.random() < self._share and len(self._held) < self._distance:
                self._held.append((self._rng.randint(1, self._distance), packet))
                self._counts["packets_late"] += 1
                continue
            out.append(packet)
            self._held = [(left - 1, late) for left, late in self._held]
            out += [late for left, late in self._held if left <= 0]
            self._held = [(left, late) for left, late in self._held if left > 0]
        return out


class _Time(_Plain):
    """RTP time by a rule, in packets and reports alike."""

    def __init__(self, rule: Callable[[int], int]) -> None:
        self._rule = rule

    def packets(self, packets: list[bytearray]) -> list[bytearray]:
        for packet in packets:
            self._change(packet, _TIME_AT)
        return packets

    def report(self, report: bytearray) -> bytearray | None:
        if report[1] == _SENDER_REPORT:
            self._change(report, _REPORT_TIME_AT)
        return report

    def _change(self, packet: bytearray, at: int) -> None:
        _TIME.pack_into(packet, at, self._rule(_TIME.unpack_from(packet, at)[0]) & _MASK)


class _Source(_Plain):
    def __init__(self, ssrc: int) -> None:
        self._ssrc = ssrc

    def packets(self, packets: list[bytearray]) -> list[bytearray]:
        for packet in packets:
            _TIME.pack_into(packet, _SSRC_AT, self._ssrc)
        return packets

    def report(self, report: bytearray) -> bytearray | None:
        _TIME.pack_into(report, _REPORT_SSRC_AT, self._ssrc)
        return report


class _Silence(_Plain):
    def __init__(self, counts: Counter[str]) -> None:
        self._counts = counts

    def packets(self, packets: list[bytearray]) -> list[bytearray]:
        self._counts["packets_withheld"] += len(packets)
        return []

    def report(self, report: bytearray) -> bytearray | None:
        return None


def filter_of(fault: Fault, rng: random.Random, counts: Counter[str]) -> Filter:
    """The filter of a fault for one receiver. Only for kinds that change packets."""
    params = fault.params
    match fault.kind:
        case "loss":
            return _Loss(params, rng, counts)
        case "reorder":
            return _Reorder(params, rng, counts)
        case "duplicates":
            return _Duplicates(params, rng, counts)
        case "ts_back":
            return _Time(lambda time: time - round(params["seconds"] * RTP_HZ))
        case "ts_forward":
            return _Time(lambda time: time + round(params["seconds"] * RTP_HZ))
        case "ts_zero":
            return _Time(lambda time: 0)
        case "ts_constant":
            return _Time(_from_first(lambda first, time: first))
        case "ts_wrap":
            ahead = round(params["seconds"] * RTP_HZ)
            return _Time(_from_first(lambda first, time: time - first - ahead))
        case "ssrc_change":
            return _Source(rng.getrandbits(32))
        case "frozen" | "half_open":
            return _Silence(counts)
    raise ValueError(f"{fault.kind} changes no packets")


def _from_first(rule: Callable[[int, int], int]) -> Callable[[int], int]:
    """A rule that knows the first time it was asked about."""
    known: list[int] = []

    def applied(time: int) -> int:
        if not known:
            known.append(time)
        return rule(known[0], time)

    return applied
