"""The licence service's configuration (`configs/service.yaml`): its fields, their bounds and their defaults.

Paths are relative to the file; `load_config` makes them absolute. Errors name file, line and field (gate.yaml_file).
"""

import ipaddress
from pathlib import Path
from typing import Annotated
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, Field, model_validator

from gate.config_fields import ClockSection, Section, beside, moved_ports, split_address
from gate.licence.rules import Rules
from gate.log_output import LogSection
from gate.rules_file import load_rules
from gate.service.mail.settings import MailSection
from gate.yaml_file import load

DATABASE_NAME = "service.db"


def _address(value: str) -> str:
    host, port = split_address(value)
    if not host or not 0 <= port < 65536:
        raise ValueError(f"an address like 127.0.0.1:8700 is wanted, not {value!r}")
    return value


def _url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"an address like https://licences.example.jp is wanted, not {value!r}")
    return value.rstrip("/")


Address = Annotated[str, AfterValidator(_address)]


class TlsSection(Section):
    """PEM files."""

    certificate: Path
    key: Path


class DatabaseSection(Section):
    """`postgresql+asyncpg://user@host/name`; its password in a file of its own."""

    url: str = Field(min_length=1, max_length=500)
    password_file: Path | None = None

    @model_validator(mode="after")
    def _no_password_in_the_url(self) -> "DatabaseSection":
        if urlsplit(self.url).password:
            raise ValueError("put the password into a password_file, not into the address")
        return self


class RelaySection(Section):
    """`host` and `port`: as devices reach it, if otherwise than `listen`."""

    listen: Address = "127.0.0.1:8722"
    host: str | None = Field(default=None, min_length=1, max_length=253)
    port: int | None = Field(default=None, ge=1, le=65535)


class ServiceConfig(Section):
    """The whole file."""

    listen: Address = "127.0.0.1:8700"
    public_url: Annotated[str, AfterValidator(_url)] = "http://127.0.0.1:8700"
    tls: TlsSection | None = None
    data_dir: Path
    database: DatabaseSection | None = None
    keys: Path
    rules: Path | None = None
    relay: RelaySection = RelaySection()
    mail: MailSection = MailSection()
    clock: ClockSection = ClockSection()
    log: LogSection | None = None
    demo: bool = False

    @model_validator(mode="after")
    def _passwords_do_not_travel_in_the_clear(self) -> "ServiceConfig":
        if self.tls is None and not _is_loopback(split_address(self.listen)[0]):
            raise ValueError("beyond this machine it must have tls: {certificate: …, key: …}")
        return self

    @model_validator(mode="after")
    def _strangers_read_no_mail(self) -> "ServiceConfig":
        if self.mail.built_in() is not None and not _is_loopback(split_address(self.listen)[0]):
            raise ValueError("beyond this machine it must have mail: {smtp: …}: anybody may read the built-in mailbox")
        return self

    @property
    def database_url(self) -> str:
        """What the store opens. Raises OSError where the password's file cannot be read."""
        if self.database is None:
            return f"sqlite+aiosqlite:///{self.data_dir / DATABASE_NAME}"
        if self.database.password_file is None:
            return self.database.url
        password = quote(self.database.password_file.read_text(encoding="utf-8").strip(), safe="")
        scheme, _, rest = self.database.url.partition("://")
        user, at, place = rest.rpartition("@")
        return f"{scheme}://{user}:{password}{at}{place}"


def load_config(path: Path, port_base: int) -> ServiceConfig:
    """The file with absolute paths, its loopback ports of 8000 to 8999 moved to the thousand at `port_base`. Raises
    gate.yaml_file.ConfigError."""
    config = load(path, ServiceConfig)
    tls, database, mailbox = config.tls, config.database, config.mail.built_in()
    if tls is not None:
        tls = TlsSection(certificate=beside(path, tls.certificate), key=beside(path, tls.key))
    if database is not None and database.password_file is not None:
        database = database.model_copy(update={"password_file": beside(path, database.password_file)})
    mail = config.mail.beside(path)
    if mailbox is not None:
        moved = mailbox.model_copy(update={"address": moved_ports(mailbox.address, port_base)})
        mail = mail.model_copy(update={"mailbox": moved})
    relay = config.relay.model_copy(update={"listen": moved_ports(config.relay.listen, port_base)})
    return config.model_copy(
        update={
            "listen": moved_ports(config.listen, port_base),
            "public_url": moved_ports(config.public_url, port_base),
            "tls": tls,
            "data_dir": beside(path, config.data_dir),
            "database": database,
            "keys": beside(path, config.keys),
            "rules": beside(path, config.rules) if config.rules else None,
            "relay": relay,
            "mail": mail,
            "clock": config.clock.beside(path),
            "log": config.log and config.log.beside(path),
        }
    )


def rules_of(config: ServiceConfig) -> Rules:
    """The licence rules it names; the defaults where it names none. Raises gate.yaml_file.ConfigError."""
    return load_rules(config.rules) if config.rules is not None else Rules()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
