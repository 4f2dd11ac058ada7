"""What a recorder's sites are served from."""

from dataclasses import dataclass

from gate.client.gate import Gate
from gate.clock import Clock
from recorder.access.access import Access
from recorder.access.audit import AuditLog
from recorder.catalog.database import Catalog
from recorder.config import RecorderConfig
from recorder.events.bus import EventBus
from recorder.exports.exporter import Exporter
from recorder.hub import Hub
from recorder.maintenance.upkeep import Upkeep
from recorder.notify.notices import Notices
from recorder.reload import Reload
from recorder.state import StateBoard
from recorder.web.control_route import CameraControls
from recorder.web.recording_route import Recordings
from recorder.web.state_route import LicenceStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One recorder, as its remote side and its local site know it. Without `catalog`, `bus`, `reload` or
    `controls` their routes are not there."""

    hub: Hub
    gate: Gate
    licence: LicenceStatus
    board: StateBoard
    clock: Clock
    config: RecorderConfig
    recordings: Recordings
    access: Access
    catalog: Catalog | None = None
    bus: EventBus | None = None
    reload: Reload | None = None
    controls: CameraControls | None = None
    exports: Exporter | None = None
    upkeep: Upkeep | None = None
    notices: Notices | None = None

    @property
    def audit(self) -> AuditLog:
        """Where to note who has done what."""
        return self.access.audit
