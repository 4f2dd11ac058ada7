"""One camera as its ONVIF services see it: who it is, what it shows, its clock, its subscribers."""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote, urlsplit

from camera_sim.codec import CodecName
from camera_sim.events.feed import EventSource
from camera_sim.onvif.login import Login
from camera_sim.onvif.notifier import Notifier
from camera_sim.onvif.personality import Personality
from camera_sim.onvif.subscriptions import Subscriptions
from camera_sim.ptz import Ptz
from camera_sim.rtsp.auth import Account
from camera_sim.sd_card.slot import CardSlot
from camera_sim.sound.form import SoundForm
from gate.clock import Clock, instant_of

_NAMESPACE = uuid.UUID("5b6f6c1e-9d0c-4a55-8f6f-2b1f6f0e8f10")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a camera is found: an HTTP address of its own, and where its RTSP streams are."""

    host: str
    http_port: int
    rtsp: str

    @property
    def http(self) -> str:
        """The beginning of its HTTP addresses."""
        return f"http://{self.host}:{self.http_port}"

    @property
    def rtsp_port(self) -> int:
        """Of its streams."""
        return urlsplit(self.rtsp).port or 554


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who a camera is. Two fleets' cameras differ as long as their places do."""

    id: str
    name: str
    uuid: uuid.UUID

    @property
    def serial(self) -> str:
        """Twelve hexadecimal digits."""
        return self.uuid.hex[:12].upper()

    @property
    def mac(self) -> str:
        """A locally administered hardware address."""
        digits = f"02{self.uuid.hex[:10]}"
        return ":".join(digits[at : at + 2] for at in range(0, 12, 2))

    @property
    def urn(self) -> str:
        """As WS-Discovery names it."""
        return f"urn:uuid:{self.uuid}"


def identity_of(camera: str, name: str, place: Place) -> Identity:
    """The same camera at the same place is always the same."""
    return Identity(id=camera, name=name, uuid=uuid.uuid5(_NAMESPACE, f"{place.host}:{place.http_port}/{camera}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One stream as a media profile. `number`: 1 main, 2 sub; `path`: of its RTSP address."""

    number: int
    token: str
    name: str
    path: str
    codec: CodecName
    width: int
    height: int
    fps: float
    bitrate: int
    gop_pictures: int

    @property
    def encoder_token(self) -> str:
        return f"VideoEncoder_{self.number}"


@dataclass(slots=True, kw_only=True)
class OnvifCamera:
    """The seams to the rest of the simulator are callables: `shows` the streams that can be described now, `camera_ns`
    its clock, `account` whom it knows now, `set_clock` (by how many seconds), `reboot`, `want_key` and `snapshot`
    (a JPEG) of a profile."""

    identity: Identity
    place: Place
    personality: Personality
    shows: Callable[[], tuple[Profile, ...]]
    clock: Clock
    camera_ns: Callable[[], int]
    account: Callable[[], Account | None]
    set_clock: Callable[[float], None]
    reboot: Callable[[], None]
    want_key: Callable[[Profile], None]
    snapshot: Callable[[Profile], Awaitable[bytes | None]]
    events: EventSource
    ptz: Ptz | None
    sound: SoundForm | None = None
    card: CardSlot | None = None
    login: Login = field(default_factory=Login)
    subscriptions: Subscriptions = field(init=False)
    notifier: Notifier = field(init=False)
    ntp: bool = True
    """Whether its clock is said to follow a time server; false once somebody has set it."""

    def __post_init__(self) -> None:
        self.subscriptions = Subscriptions(self.clock, self.personality.subscriptions_max)
        self.notifier = Notifier(self.personality, self.events, self.subscriptions)

    @property
    def profiles(self) -> tuple[Profile, ...]:
        """Main first."""
        return self.shows()

    @property
    def now(self) -> datetime:
        """By its own clock."""
        return instant_of(self.camera_ns())

    @property
    def scopes(self) -> tuple[str, ...]:
        """What it says of itself to whoever looks for cameras."""
        base = "onvif://www.onvif.org"
        kinds = [f"{base}/type/Network_Video_Transmitter", f"{base}/type/video_encoder"]
        kinds += [f"{base}/type/ptz"] if self.ptz else []
        return (
            *kinds,
            f"{base}/Profile/Streaming",
            *((f"{base}/Profile/T",) if self.personality.media2 else ()),
            f"{base}/hardware/{quote(self.personality.model, safe='')}",
            f"{base}/name/{quote(self.identity.name, safe='')}",
            f"{base}/location/simulator",
        )

    @property
    def service_url(self) -> str:
        """Of its device service."""
        return f"{self.place.http}/onvif/device_service"

    def profile(self, token: str | None) -> Profile | None:
        """By its token."""
        return next((one for one in self.profiles if one.token == token), None)

    def restart(self) -> None:
        """It has lost its power: what it knew of its clients is gone."""
        self.login.forget()
        self.subscriptions.clear()
