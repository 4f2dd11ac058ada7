"""The section `remote` of the configuration: where the remote side listens, who may come in, how it is encrypted.

1. Beyond the loopback somebody must sign in (`access`), and what passes is encrypted (`tls`): nothing of it is guessed,
   the configuration has to say it. `tls: plain` is the one word that leaves passwords and pictures readable.
2. On the loopback alone the default is `access: open`: whoever has an account on this machine is at the recorder.
"""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from gate.config_fields import ListenAddress, LoopbackAddress, Section, address_is_loopback, beside
from gate.yaml_file import PlacedError

AccessMode = Literal["open", "users", "service"]
NAMES_MAX = 32
_NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*")


class TlsConfig(Section):
    """`certificate` and `key`: PEM files. `generate`: one of our own making, kept in the data folder. `plain`: none."""

    certificate: Path | None = None
    key: Path | None = None
    generate: bool = False
    plain: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> "TlsConfig":
        ways = (self.certificate is not None or self.key is not None) + self.generate + self.plain
        if ways != 1 or (self.certificate is None) != (self.key is None):
            raise ValueError("either certificate and key, or generate: true, is wanted")
        return self

    def beside(self, file: Path) -> "TlsConfig":
        """The same with absolute paths."""
        if self.certificate is None or self.key is None:
            return self
        return self.model_copy(update={"certificate": beside(file, self.certificate), "key": beside(file, self.key)})


def _tls(value: Any) -> Any:
    return {"plain": True} if value == "plain" else value


def _host_name(value: str) -> str:
    if len(value) > 253 or not _NAME.fullmatch(value):
        raise ValueError(f"a host name like recorder.example is wanted, without a port; not {value!r}")
    return value.lower()


class RestreamConfig(Section):
    """The cameras again, over RTSP: of this machine alone, as it is not encrypted."""

    listen: LoopbackAddress


class RemoteConfig(Section):
    """`listen` null: no port at all; the remote side is reached through the licence service alone. `names`: the host
    names that people reach it by."""

    listen: ListenAddress | None = "127.0.0.1:8600"
    access: AccessMode | None = None
    tls: Annotated[TlsConfig | None, BeforeValidator(_tls)] = None
    names: Annotated[tuple[Annotated[str, AfterValidator(_host_name)], ...], Field(max_length=NAMES_MAX)] = ()
    rtsp: RestreamConfig | None = None

    @model_validator(mode="after")
    def _beyond_the_loopback_with_sign_in_and_tls(self) -> "RemoteConfig":
        if not self.beyond_loopback:
            return self
        if self.access in (None, "open"):
            raise PlacedError(
                ("access",),
                f"whoever reaches {self.listen} would see everything: write access: users (people of this recorder, "
                "see edge-recorder users --help) or access: service (people of the licence service), "
                "or listen on 127.0.0.1",
            )
        if self.tls is None:
            raise PlacedError(
                ("tls",),
                f"passwords would travel readable to {self.listen}: write tls: {{generate: true}}, or "
                "tls: {certificate: FILE, key: FILE}; tls: plain does without, where another machine encrypts",
            )
        return self

    @property
    def beyond_loopback(self) -> bool:
        """Whether other machines can reach it."""
        return self.listen is not None and not address_is_loopback(self.listen)

    @property
    def access_mode(self) -> AccessMode:
        """Who may come in."""
        return self.access or "open"

    @property
    def encrypted(self) -> bool:
        """Whether it speaks TLS."""
        return self.tls is not None and not self.tls.plain

    def beside(self, file: Path) -> "RemoteConfig":
        """The same with absolute paths."""
        return self.model_copy(update={"tls": self.tls and self.tls.beside(file)})
