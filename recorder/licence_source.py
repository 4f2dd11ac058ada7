"""What brings this recorder its licence: the file or the service that its configuration names."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from gate.client.licensing import Licensing, ServicePlace, open_licensing, open_service_licensing
from gate.client.registration import Maker
from gate.clock import Clock
from recorder.config import CameraConfig, RecorderConfig


def open_licence_source(config: RecorderConfig, clock: Clock) -> Licensing:
    """Raises gate.client.errors.LicensingError or gate.yaml_file.ConfigError."""
    device, licence = config.device, config.licence
    if licence.path is not None:
        return open_licensing(
            clock=clock,
            data_dir=device.data_dir,
            device_id=device.id,
            cameras=[camera.id for camera in config.cameras],
            path=licence.path,
            root_key=licence.root_key,
            profile=licence.profile,
            language=device.language,
            kind=device.kind,
        )
    assert licence.url is not None
    place = ServicePlace(
        url=licence.url,
        name=device.id,
        maker=maker_of(config),
        cameras=camera_names(config.cameras),
        zone=ZoneInfo(device.time_zone),
    )
    return open_service_licensing(
        place,
        clock=clock,
        data_dir=device.data_dir,
        root_key=licence.root_key,
        profile=licence.profile,
    )


def maker_of(config: RecorderConfig) -> Maker:
    """What is written on the device."""
    return Maker(serial=config.device.serial, made_on=config.device.made_on, kind=config.device.kind)


def camera_names(cameras: Sequence[CameraConfig]) -> tuple[tuple[str, str], ...]:
    """Each camera's id and name, as the service is told of them."""
    return tuple((camera.id, camera.name) for camera in cameras)
