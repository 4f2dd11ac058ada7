"""A camera's ONVIF part of the configuration."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from gate.config_fields import Section, moved_ports
from recorder.ingest.rtsp.auth import Credentials

DEVICE_PATH = "/onvif/device_service"


def _device_address(value: str) -> str:
    text = value if "://" in value else f"http://{value}"
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError(
            "an address like 192.0.2.10, 192.0.2.10:8080 or http://192.0.2.10/onvif/device_service is wanted"
        )
    if parts.username or parts.password:
        raise ValueError("give user and password in their own fields, not in the address")
    return text if parts.path.strip("/") else f"{text.rstrip('/')}{DEVICE_PATH}"


DeviceAddress = Annotated[str, AfterValidator(_device_address)]


class OnvifSettings(Section):
    """`address`: of the device service. `user` and `password`: the camera's own, if none are given. `events`: whether
    it is listened to."""

    address: DeviceAddress
    user: str | None = Field(None, min_length=1, max_length=64)
    password: SecretStr | None = None
    events: bool = True

    @model_validator(mode="after")
    def _login_is_whole(self) -> "OnvifSettings":
        if self.password is not None and self.user is None:
            raise ValueError("a password needs a user")
        return self

    def moved(self, port_base: int) -> "OnvifSettings":
        """The same at a moved port (gate.config_fields.moved_ports)."""
        return self.model_copy(update={"address": moved_ports(self.address, port_base)})

    def credentials(self, user: str | None, password: SecretStr | None) -> Credentials | None:
        """Whose login is used; `user` and `password` are the camera's."""
        if self.user is not None:
            user, password = self.user, self.password
        if user is None:
            return None
        return Credentials(user=user, password=password.get_secret_value() if password else "")
