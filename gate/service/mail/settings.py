"""`mail:` in the service's configuration."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, model_validator

from gate.config_fields import LoopbackAddress, Section, beside, split_address
from gate.service.mail.message import AddressError, address_of

Security = Literal["none", "starttls", "tls"]


def _sender(value: str) -> str:
    try:
        address_of(value, "")
    except AddressError as error:
        raise ValueError(str(error)) from None
    return value


class SmtpSection(Section):
    """A mail server. `security: none` sends a password to this machine only."""

    host: str = Field(min_length=1, max_length=253)
    port: int = Field(default=587, ge=1, le=65535)
    security: Security = "starttls"
    user: str | None = None
    password: SecretStr | None = None
    password_file: Path | None = None
    timeout_seconds: float = Field(default=20, gt=0, le=120)

    @model_validator(mode="after")
    def _sign_in_is_whole(self) -> "SmtpSection":
        given = [one for one in (self.password, self.password_file) if one is not None]
        if len(given) > 1:
            raise ValueError("a password or a password_file, one of them")
        if bool(given) != (self.user is not None):
            raise ValueError("a user and a password go together")
        if given and self.security == "none" and self.host not in ("127.0.0.1", "::1", "localhost"):
            raise ValueError("a password is not sent without TLS: choose security starttls or tls")
        return self


class MailboxSection(Section):
    """The built-in mailbox: it takes every mail and delivers none."""

    address: LoopbackAddress = "127.0.0.1:8725"
    mails_max: int = Field(default=10_000, ge=1, le=1_000_000)
    """The oldest go beyond that."""


class MailSection(Section):
    """`mailbox`: the built-in one, where there is no `smtp`."""

    from_address: Annotated[str, AfterValidator(_sender)] = "no-reply@recording.example"
    from_name: str = "エッジ録画サービス"
    smtp: SmtpSection | None = None
    mailbox: MailboxSection | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "MailSection":
        if self.smtp is not None and self.mailbox is not None:
            raise ValueError("smtp or mailbox, one of them")
        return self

    def server(self) -> SmtpSection:
        """Where mails are handed over: the mail server, or the built-in mailbox."""
        if self.smtp is not None:
            return self.smtp
        host, port = split_address((self.mailbox or MailboxSection()).address)
        return SmtpSection(host=host, port=port, security="none")

    def built_in(self) -> MailboxSection | None:
        """The built-in mailbox, if mails go there."""
        return None if self.smtp is not None else self.mailbox or MailboxSection()

    def beside(self, file: Path) -> "MailSection":
        """The same with absolute paths."""
        if self.smtp is None or self.smtp.password_file is None:
            return self
        smtp = self.smtp.model_copy(update={"password_file": beside(file, self.smtp.password_file)})
        return self.model_copy(update={"smtp": smtp})
