"""Passwords and tokens: named in a file, kept in the environment or in a file of their own, never shown."""

import os
import stat
from pathlib import Path

from pydantic import model_validator

from gate.config_fields import Section, beside

SECRET_BYTES_MAX = 4096


class SecretError(ValueError):
    """It is not there, or not kept well. Its text is one sentence, without the secret."""


class Secret(Section):
    """`{env: NAME}`, or `{file: PATH}` of a file that nobody else can read."""

    env: str | None = None
    file: Path | None = None

    @model_validator(mode="after")
    def _one_place(self) -> "Secret":
        if (self.env is None) == (self.file is None):
            raise ValueError("say where it is kept: {env: NAME} or {file: PATH}")
        return self


def read_secret(secret: Secret, named_in: Path) -> str:
    """The secret itself; its file lies beside the one that names it. Blocks. Raises SecretError."""
    if secret.env is not None:
        value = os.environ.get(secret.env, "")
        if not value:
            raise SecretError(f"the environment variable {secret.env} is not set")
        return value
    assert secret.file is not None
    path = beside(named_in, secret.file)
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise SecretError(f"others can read {path}: chmod 600 {path}")
        with path.open(encoding="utf-8") as file:
            value = file.read(SECRET_BYTES_MAX).strip()
    except OSError as error:
        raise SecretError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SecretError(f"{path} is no text") from None
    if not value:
        raise SecretError(f"{path} is empty")
    return value
