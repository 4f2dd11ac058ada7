"""The licence service as a process: it starts, says where it is, ends; what is wrong is one sentence."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

CLI = [sys.executable, "-m", "recorder.cli", "service"]
SECONDS_MAX = 60


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Every port any free one."""
    path = tmp_path / "service.yaml"
    path.write_text(
        "listen: 127.0.0.1:0\ndata_dir: data\nkeys: keys\nrelay: {listen: 127.0.0.1:0}\n"
        "mail: {mailbox: {address: 127.0.0.1:0}}\n",
        encoding="utf-8",
    )
    return path


@contextmanager
def running(config: Path, *more: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """A service, and its addresses."""
    process = subprocess.Popen(
        [*CLI, "run", str(config), "--report", *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate(timeout=SECONDS_MAX)
        yield process, json.loads(line)["ready"]
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=SECONDS_MAX)


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*CLI, *words], capture_output=True, text=True, timeout=SECONDS_MAX, check=False)


def said(*words: str) -> dict[str, Any]:
    done = command(*words, "--json")
    assert done.returncode == 0, done.stderr
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


def test_a_service_starts_on_an_empty_folder_takes_accounts_and_tokens_and_ends_at_a_signal(config: Path) -> None:
    with running(config) as (process, addresses):
        assert requests.get(addresses["portal"], timeout=10).status_code == 200
        host, port = addresses["relay"].rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            assert connection.recv(4) == b"SSH-"
        made = said("operator", str(config), "--email", "me@example.jp", "--name", "Me")
        assert len(made["password"]) >= 12
        token = said("token", str(config), "--email", "me@example.jp", "--name", "test")["token"]
        headers = {"Authorization": f"Bearer {token}"}
        me = requests.get(addresses["portal"] + "api/v1/me", headers=headers, timeout=10).json()
        assert me["role"] == "operator"
        new = {"name": "First", "user": {"email": "p@example.jp", "name": "P", "password": "a password"}}
        url = addresses["portal"] + "api/v1/partners"
        assert requests.post(url, json=new, headers=headers, timeout=10).status_code == 201
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=SECONDS_MAX)
    assert process.returncode == 0, errors
    assert (config.parent / "keys" / "signing.key").stat().st_mode & 0o777 == 0o600
