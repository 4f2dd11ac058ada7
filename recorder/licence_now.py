"""What a camera's licence itself says now, also where the profile lets things go on without one."""

from typing import Protocol

from gate.licence.clock_evidence import ClockEvidence
from gate.licence.decision import Decision, licence_of
from gate.licence.entitlement import Entitlement, Kind
from gate.licence.profile import Profile


class Licensor(Protocol):
    """The part of the gate that knows."""

    @property
    def profile(self) -> Profile: ...

    @property
    def entitlement(self) -> Entitlement | None: ...

    @property
    def kind(self) -> Kind: ...

    def evidence(self) -> ClockEvidence: ...


def licence_now(gate: Licensor, camera: str) -> Decision:
    """Granted until the licence ends, or why none covers the camera (gate.licence.decision.licence_of)."""
    clock = gate.evidence()
    return licence_of(
        gate.entitlement, gate.profile, camera, clock.now, clock_trusted=clock.doubt is None, kind=gate.kind
    )
