"""`notify:` of the recorder's configuration: where events go besides the recorder's own pages.

Addresses of the local network are allowed, but only those that stand here: redirects are not followed.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from gate.config_fields import Section, beside, moved_ports
from gate.yaml_file import PlacedError
from recorder.events.event import EventKind
from recorder.events.kept import KINDS, SystemKind

CHANNELS_MAX = 16
SECRET_PREFIX = "whsec_"
SECRET_BYTES_MIN, SECRET_BYTES_MAX = 24, 64
"""Standard Webhooks, "Signature scheme": symmetric keys have 192 to 512 bits."""
_LIST_MAX = 256

Kind = EventKind | SystemKind


def _webhook_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and value.isascii()
    except ValueError:
        usable = False
    if not usable:  # not repeated: people put tokens into such addresses
        raise ValueError("an address like https://example.net/events is wanted")
    if parts.username or parts.password or parts.fragment:
        raise ValueError("an address without user, password and # is wanted: the secret signs what is sent")
    return value


def _topic(value: str) -> str:
    if not value or value.startswith(("/", "$")) or value.endswith("/") or any(mark in value for mark in "#+\0"):
        raise ValueError(f"a topic like edge-recorder or site/recorder is wanted, not {value!r}")
    return value


def _mailbox(value: str) -> str:
    user, _, domain = value.rpartition("@")
    if (
        not value.isascii()
        or not user
        or not domain
        or any(not mark.isprintable() or mark in ' ,;<>"' for mark in value)
    ):
        raise ValueError(f"an e-mail address is wanted, not {value!r:.100}")
    return value


Topic = Annotated[str, AfterValidator(_topic), Field(max_length=128)]
Mailbox = Annotated[str, AfterValidator(_mailbox), Field(max_length=254)]


def _one_secret(text: SecretStr | None, file: Path | None, word: str) -> None:
    if text is not None and file is not None:
        raise ValueError(f"{word} or {word}_file, one of them")


def webhook_key(text: str) -> bytes:
    """The key in a secret `whsec_` + base64. Raises ValueError, without repeating it."""
    try:
        key = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not text.startswith(SECRET_PREFIX) or not SECRET_BYTES_MIN <= len(key) <= SECRET_BYTES_MAX:
        raise ValueError(
            f"{SECRET_PREFIX} and {SECRET_BYTES_MIN} to {SECRET_BYTES_MAX} random bytes in base64 are wanted; "
            f"make one with: echo {SECRET_PREFIX}$(openssl rand -base64 32)"
        )
    return key


class ChannelSection(Section):
    """Which events go there; without `cameras` or `kinds` all."""

    cameras: tuple[str, ...] = Field((), max_length=_LIST_MAX)
    kinds: tuple[Kind, ...] = Field((), max_length=len(KINDS))

    def wants(self, camera: str | None, kind: str) -> bool:
        """An event of no camera goes only where all cameras do."""
        return (not self.cameras or camera in self.cameras) and (not self.kinds or kind in self.kinds)


class WebhookSection(ChannelSection):
    """A receiver of Standard Webhooks. `ca_file`: of a certificate authority of one's own."""

    url: Annotated[str, AfterValidator(_webhook_url), Field(max_length=2048)]
    secret: SecretStr | None = None
    secret_file: Path | None = None
    ca_file: Path | None = None

    @field_validator("secret")
    @classmethod
    def _secret_is_a_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            webhook_key(value.get_secret_value())
        return value

    @model_validator(mode="after")
    def _has_a_secret(self) -> "WebhookSection":
        _one_secret(self.secret, self.secret_file, "secret")
        if self.secret is None and self.secret_file is None:
            raise ValueError("a secret or a secret_file is wanted: what is sent is signed with it")
        return self

    @property
    def channel(self) -> str:
        """Its name in the outbox: the same as long as the address is; tells nothing of what stands in it."""
        return f"webhook-{hashlib.sha256(self.url.encode()).hexdigest()[:12]}"

    @property
    def shown(self) -> str:
        """The address as it may be shown: path and query may hold tokens."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}/{'…' if len(parts.path) > 1 or parts.query else ''}"


class MqttSection(ChannelSection):
    """A broker. `discovery`: the prefix by which Home Assistant finds entities; null: none are announced."""

    host: str = Field(min_length=1, max_length=253)
    port: int | None = Field(None, ge=1, le=65535)
    tls: bool = False
    ca_file: Path | None = None
    user: str | None = Field(None, min_length=1, max_length=256)
    password: SecretStr | None = None
    password_file: Path | None = None
    topic: Topic = "edge-recorder"
    discovery: Topic | None = "homeassistant"

    @model_validator(mode="after")
    def _login_is_whole(self) -> "MqttSection":
        _one_secret(self.password, self.password_file, "password")
        if (self.password is not None or self.password_file is not None) and self.user is None:
            raise ValueError("a password needs a user")
        if self.ca_file is not None and not self.tls:
            raise ValueError("a ca_file needs tls: true")
        return self

    @property
    def shown(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.port_used}"

    @property
    def port_used(self) -> int:
        """The configured port, else the usual one."""
        return self.port or (8883 if self.tls else 1883)


class MailSection(ChannelSection):
    """A mail server and who gets mails. A mail waits `gather_seconds` for what belongs to it; the next comes
    `every_seconds` later at the earliest and has all that has happened since."""

    host: str = Field(min_length=1, max_length=253)
    port: int = Field(587, ge=1, le=65535)
    security: Literal["none", "starttls", "tls"] = "starttls"
    ca_file: Path | None = None
    user: str | None = Field(None, min_length=1, max_length=256)
    password: SecretStr | None = None
    password_file: Path | None = None
    from_address: Mailbox
    to: tuple[Mailbox, ...] = Field(min_length=1, max_length=20)
    language: Literal["ja", "en"] | None = None
    gather_seconds: float = Field(10, ge=0, le=600)
    every_seconds: float = Field(300, ge=0, le=86_400)
    pictures: bool = True

    @model_validator(mode="after")
    def _login_is_whole(self) -> "MailSection":
        _one_secret(self.password, self.password_file, "password")
        given = self.password is not None or self.password_file is not None
        if given != (self.user is not None):
            raise ValueError("a user and a password go together")
        if given and self.security == "none" and self.host not in ("127.0.0.1", "::1", "localhost"):
            raise ValueError("a password is not sent without TLS: choose security starttls or tls")
        return self

    @property
    def shown(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.port}"


class NotifySection(Section):
    """All three may be left out."""

    webhooks: tuple[WebhookSection, ...] = Field((), max_length=CHANNELS_MAX)
    mqtt: MqttSection | None = None
    mail: MailSection | None = None

    @model_validator(mode="after")
    def _webhooks_are_told_apart(self) -> "NotifySection":
        urls = [webhook.url for webhook in self.webhooks]
        twice = next((number for number, url in enumerate(urls) if url in urls[:number]), None)
        if twice is not None:
            raise PlacedError(("webhooks", twice, "url"), "another webhook has the same address")
        return self

    def check_cameras(self, known: Collection[str]) -> None:
        """Raises PlacedError for a camera that there is not."""
        for place, section in self._channels():
            for number, camera in enumerate(section.cameras):
                if camera not in known:
                    raise PlacedError(("notify", *place, "cameras", number), f"there is no camera {camera!r}")

    def _channels(self) -> Iterator[tuple[tuple[int | str, ...], ChannelSection]]:
        yield from ((("webhooks", number), webhook) for number, webhook in enumerate(self.webhooks))
        yield from (((name,), one) for name, one in (("mqtt", self.mqtt), ("mail", self.mail)) if one is not None)

    def beside(self, file: Path) -> "NotifySection":
        """The same with absolute paths."""

        def absolute(section: Section) -> dict[str, Path]:
            names = ("secret_file", "password_file", "ca_file")
            paths = {name: getattr(section, name, None) for name in names}
            return {name: beside(file, path) for name, path in paths.items() if path is not None}

        return self._each(lambda section: absolute(section))

    def moved(self, port_base: int) -> "NotifySection":
        """The same at moved ports (gate.config_fields.moved_ports)."""

        def moves(section: Section) -> dict[str, str | int]:
            if isinstance(section, WebhookSection):
                return {"url": moved_ports(section.url, port_base)}
            if isinstance(section, MqttSection | MailSection):
                port = section.port_used if isinstance(section, MqttSection) else section.port
                return {"port": int(moved_ports(f"{section.host}:{port}", port_base).rpartition(":")[2])}
            return {}

        return self._each(moves)

    def _each(self, change: Callable[[Section], dict[str, Path] | dict[str, str | int]]) -> "NotifySection":
        return self.model_copy(
            update={
                "webhooks": tuple(one.model_copy(update=change(one)) for one in self.webhooks),
                "mqtt": self.mqtt and self.mqtt.model_copy(update=change(self.mqtt)),
                "mail": self.mail and self.mail.model_copy(update=change(self.mail)),
            }
        )


def secret_of(text: SecretStr | None, file: Path | None) -> str | None:
    """A secret, or the first line of the file it lies in. Blocks on the disk. Raises ValueError."""
    if file is None:
        return text.get_secret_value() if text is not None else None
    try:
        return file.read_text(encoding="utf-8").split("\n", 1)[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ValueError(f"{file}: cannot be read: {reason}") from None
