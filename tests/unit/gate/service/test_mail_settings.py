"""`mail:` of the service's configuration: what would leak a password or lose mail is refused."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from gate.service.config import ServiceConfig
from gate.service.mail.settings import MailSection

SMTP = {"host": "smtp.example.jp"}


@pytest.mark.parametrize(
    ("mail", "sentence"),
    [
        ({"smtp": SMTP, "mailbox": {}}, "one of them"),
        ({"smtp": SMTP | {"user": "u"}}, "go together"),
        ({"smtp": SMTP | {"password": "p"}}, "go together"),
        ({"smtp": SMTP | {"user": "u", "password": "p", "password_file": "x"}}, "one of them"),
        ({"smtp": SMTP | {"user": "u", "password": "p", "security": "none"}}, "not sent without TLS"),
        ({"mailbox": {"address": "0.0.0.0:8725"}}, "loopback"),
        ({"from_address": "nobody"}, "no e-mail address"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_shows_no_password(mail: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        MailSection.model_validate(mail)


def test_without_a_server_mails_go_to_the_mailbox_and_with_one_there_is_no_mailbox() -> None:
    plain, sent = MailSection(), MailSection.model_validate({"smtp": SMTP | {"user": "u", "password_file": "p"}})
    assert (plain.server().host, plain.server().port, plain.server().security) == ("127.0.0.1", 8725, "none")
    assert plain.built_in() is not None and sent.built_in() is None
    assert sent.server().security == "starttls"
    moved = sent.beside(Path("/etc/service/service.yaml")).smtp
    assert moved is not None and moved.password_file == Path("/etc/service/p")


def test_a_service_that_strangers_reach_has_no_mailbox_that_anybody_reads() -> None:
    open_to_all = {"listen": "0.0.0.0:8700", "tls": {"certificate": "c", "key": "k"}, "data_dir": "d", "keys": "k"}
    with pytest.raises(ValidationError, match="anybody may read the built-in mailbox"):
        ServiceConfig.model_validate(open_to_all)
    ServiceConfig.model_validate(open_to_all | {"mail": {"smtp": SMTP}})
