"""Faults of the services beside the streams (ONVIF): what a request meets at the moment."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from camera_sim.faults.director import Active

_CUT = ("refused", "reboot")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """`cut`: the connection is reset instead of an answer; `silent`: nothing is said; `nonce_once`: a nonce of HTTP
    digest is good for one request."""

    delay_seconds: float = 0.0
    cut: bool = False
    silent: bool = False
    nonce_once: bool = False


class Troubles(Protocol):
    """What a service asks before it answers."""

    def of(self, camera: str) -> Trouble | None:
        """For one request to that camera; None: all is well."""


class ServiceTroubles:
    """`Troubles` by the faults under way; those of a camera's main stream, or of all of it, count."""

    def __init__(self, active: Mapping[int, Active]) -> None:
        self._active = active
        self._rngs: dict[int, random.Random] = {}

    def of(self, camera: str) -> Trouble | None:
        active = [one for one in self._active.values() if one.fault.covers(camera, "main")]
        if not active:
            self._rngs.clear()
            return None
        return Trouble(
            delay_seconds=sum(one.fault.params["seconds"] for one in active if one.fault.kind == "onvif_slow"),
            cut=any(one.fault.kind in _CUT or self._drops(one) for one in active),
            silent=any(one.fault.kind == "half_open" for one in active),
            nonce_once=any(one.fault.kind == "stale_nonce" for one in active),
        )

    def _drops(self, one: Active) -> bool:
        if one.fault.kind != "onvif_dropped":
            return False
        rng = self._rngs.setdefault(one.number, random.Random(one.fault.seed))
        drops = rng.random() < one.fault.params["share"]
        if drops and one.ailments:
            one.ailments[0][1].counts["requests"] += 1
        return drops
