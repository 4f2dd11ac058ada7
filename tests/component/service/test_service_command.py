"""`edge-recorder service`: what is wrong is one sentence, secrets are in none, help has examples."""

import json
import shutil
import socket
import sqlite3
from pathlib import Path

import pytest

from gate.service.commands import service

PLAIN = """\
listen: 127.0.0.1:0
data_dir: data
keys: keys
relay: {listen: 127.0.0.1:0}
mail: {mailbox: {address: 127.0.0.1:0}}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "service.yaml"
    path.write_text(PLAIN, encoding="utf-8")
    return path


def _refused(capsys: pytest.CaptureFixture[str], config: Path) -> str:
    assert service(["run", str(config)]) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1 and said.err.startswith("edge-recorder service run: ")
    return said.err


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("listen: 0.0.0.0:8700", "beyond this machine it must have tls"),
        ("listen: nowhere", "an address like"),
        ("database: {url: 'postgresql+asyncpg://u:secret@db/x'}", "password_file"),
        ("database: {url: 'mysql://db/x'}", "not supported"),
        ("database: {url: 'postgresql+asyncpg://u@db/x', password_file: none}", "No such file"),
        ("public_url: nowhere", "an address like"),
        ("rules: none.yaml", "there is no such file"),
        ("tls: {certificate: none.pem, key: none.pem}", "none.pem"),
        ("surprise: 1", "surprise"),
    ],
)
def test_what_is_wrong_in_the_configuration_is_one_sentence(
    config: Path, capsys: pytest.CaptureFixture[str], change: str, sentence: str
) -> None:
    kept = [line for line in PLAIN.splitlines() if not line.startswith(change.split(":")[0] + ":")]
    config.write_text("\n".join([*kept, change]) + "\n", encoding="utf-8")
    said = _refused(capsys, config)
    assert sentence in said and "secret" not in said


def test_a_database_of_a_newer_program_is_one_sentence(
    config: Path, capsys: pytest.CaptureFixture[str], sqlite_template: Path
) -> None:
    (config.parent / "data").mkdir()
    path = config.parent / "data" / "service.db"
    shutil.copyfile(sqlite_template, path)
    database = sqlite3.connect(path)
    database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.commit()
    database.close()
    assert "a newer version of this program has made" in _refused(capsys, config)


def test_a_taken_port_is_one_sentence(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config.write_text(PLAIN.replace("listen: 127.0.0.1:0\n", f"listen: 127.0.0.1:{port}\n", 1), encoding="utf-8")
        assert f"cannot listen on 127.0.0.1:{port}" in _refused(capsys, config)


def test_a_demo_site_that_is_none_is_one_sentence(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = config.parent / "site.json"
    site.write_text("{}", encoding="utf-8")
    assert service(["run", str(config), "--demo", str(site)]) == 2
    assert "no description of a demo's recorder" in capsys.readouterr().err


def test_the_demos_people_are_put_in_once(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for expected in (True, False):
        assert service(["seed", str(config), "--json"]) == 0
        facts = json.loads(capsys.readouterr().out)
        assert facts["seeded"] is expected and {one["role"] for one in facts["sign_ins"]} >= {"partner", "customer"}
    assert service(["migrate", str(config), "--json"]) == 0
    done = json.loads(capsys.readouterr().out)
    assert done["before"] == done["after"]


def test_whoever_has_an_account_gets_no_second_one_and_nobody_no_token(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(config), "--email", "me@example.jp", "--name", "Me"]
    assert service(["operator", *words]) == 0
    assert service(["operator", *words]) == 2
    assert "cannot be used" in capsys.readouterr().err
    assert service(["token", str(config), "--email", "nobody@example.jp", "--name", "x"]) == 2
    assert "nobody signs in as" in capsys.readouterr().err


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--help"], ["run", "--help"], ["token", "--help"]):
        with pytest.raises(SystemExit, match="0"):
            service(words)
        assert "examples:" in capsys.readouterr().out
