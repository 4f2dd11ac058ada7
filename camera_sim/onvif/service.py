"""What all services have in common: who answers which operation, and who may ask."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from camera_sim.onvif.answers import say
from camera_sim.onvif.camera import OnvifCamera, Profile
from camera_sim.onvif.soap import Call, bad_argument


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A call and whom it reaches. `token`: the subscription in the address, if it has one."""

    camera: OnvifCamera
    call: Call
    token: str | None = None

    def profile(self, path: str = "ProfileToken") -> Profile:
        """The profile that the call names. Raises SoapFaultError."""
        profile = self.camera.profile(self.call.text(path))
        if profile is None:
            raise bad_argument("ter:NoProfile", "there is no such profile")
        return profile


Answer = Callable[[Asked], str | Awaitable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """`open`: operations for which nobody has to say who it is (ONVIF's access class PRE_AUTH). `has`: whether a camera
    has the service. `actions`: names of the port types of WS-Addressing actions, by operation, where they matter."""

    name: str
    namespace: str
    path: str
    version: tuple[int, int]
    answers: Mapping[str, Answer]
    open: frozenset[str] = frozenset({"GetServiceCapabilities"})
    has: Callable[[OnvifCamera], bool] = lambda _: True

    def action(self, operation: str) -> str:
        """The action of an answer."""
        return f"{self.namespace}/{operation}Response"


def plain(service: str, operation: str) -> Answer:
    """An answer that depends on nothing but the camera."""
    return lambda asked: say(service, operation, asked.camera)


def about_profile(service: str, operation: str) -> Answer:
    """An answer about the profile that is named."""
    return lambda asked: say(service, operation, asked.camera, asked.profile())
