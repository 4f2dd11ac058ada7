"""Which addresses maintenance has."""

from aiohttp import web

from recorder.remote.config_route import ConfigRoute
from recorder.remote.maintenance_door import MaintenanceDoor
from recorder.remote.maintenance_route import MaintenanceRoute
from recorder.web.served import Served


def add_maintenance(router: web.UrlDispatcher, served: Served) -> None:
    """The routes of maintenance, for a recorder that has a host to maintain it on."""
    upkeep = served.upkeep
    if upkeep is None:
        return
    door = MaintenanceDoor(served)
    route, base = MaintenanceRoute(served, upkeep, door), "/api/v1/maintenance"
    router.add_get(base, route.show, allow_head=False)
    router.add_post(f"{base}/restart", route.restart)
    router.add_post(f"{base}/identify", route.identify)
    router.add_post(f"{base}/time", route.time)
    router.add_get(f"{base}/logs.tar.gz", route.logs, allow_head=False)
    router.add_get(f"{base}/check", route.show_check, allow_head=False)
    router.add_post(f"{base}/check", route.begin_check)
    router.add_delete(f"{base}/check", route.end_check)
    if served.reload is None:
        return
    config = ConfigRoute(served, upkeep.config, served.reload, door)
    router.add_get("/api/v1/config", config.show, allow_head=False)
    router.add_put("/api/v1/config", config.put)
    router.add_get("/api/v1/config/versions", config.versions, allow_head=False)
    router.add_get("/api/v1/config/versions/{version}", config.version, allow_head=False)
    router.add_post("/api/v1/config/versions/{version}/restore", config.restore)
