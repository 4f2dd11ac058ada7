"""Files of sites that run already: what cannot be used is refused with file, line, field, and what to do."""

from pathlib import Path
from typing import Any, cast

import pytest

from gate.clock import SystemClock
from gate.verify.attach_file import load_site_file, permits
from gate.verify.attached import AttachedSite
from gate.verify.commands import verify
from gate.verify.secret import Secret, SecretError, read_secret
from gate.verify.steps import Step
from gate.yaml_file import ConfigError

SHIPPED = Path(__file__).resolve().parents[3] / "configs" / "attach.yaml"
RECORDER = "recorder: {url: 'http://127.0.0.1:1'}"
SERVICE = "service: {url: 'http://127.0.0.1:2', token: {env: T}, customer: a@b.example}"


def refusal(folder: Path, *lines: str) -> str:
    file = folder / "site.yaml"
    file.write_text("\n".join(lines))
    with pytest.raises(ConfigError) as refused:
        load_site_file(file)
    return str(refused.value).removeprefix(f"{file}, ")


def test_the_shipped_file_is_that_of_the_demo_and_allows_nothing() -> None:
    site = load_site_file(SHIPPED)
    assert site.recorder.url == "http://127.0.0.1:8600/" and site.allow == frozenset()


def test_names_and_passwords_do_not_stand_in_addresses_nor_alone(tmp_path: Path) -> None:
    told = refusal(tmp_path, "recorder: {url: 'http://admin:secret-word@127.0.0.1:8600'}")
    assert told.startswith("line 1, recorder.url: ") and "without name and password" in told
    for wrong in ("admin:secret-word@127.0.0.1", "127.0.0.1:99999", "127.0.0.1:port"):
        told = refusal(tmp_path, RECORDER, f"cameras: {{rtsp: 'rtsp://{wrong}/{{camera}}/sub'}}")
        assert told.startswith("line 2, cameras.rtsp: ") and "without name and password" in told
        assert "secret-word" not in told
    assert "line 3, recorder.restream" in refusal(
        tmp_path, "recorder:", "  url: http://127.0.0.1:8600", "  restream: rtsp://127.0.0.1:port"
    )
    assert "go together" in refusal(tmp_path, "recorder: {url: 'http://127.0.0.1:8600', user: admin}")
    assert "{env: NAME} or {file: PATH}" in refusal(
        tmp_path, "recorder:", "  url: http://127.0.0.1:8600", "  user: admin", "  password: {}"
    )
    assert "secret-word" not in refusal(
        tmp_path, "recorder:", "  url: http://127.0.0.1:8600", "  password: secret-word"
    )


def test_what_is_allowed_has_to_be_possible(tmp_path: Path) -> None:
    assert "nobody can step" in refusal(tmp_path, RECORDER, "clock: system", "allow: [clock]")
    assert "say where it is" in refusal(tmp_path, RECORDER, "allow: [licences]")
    assert refusal(tmp_path, RECORDER, SERVICE, "allow: [service]").startswith("line 3, allow: say how the service")
    assert refusal(tmp_path, RECORDER, "allow: [everything]").startswith("line 2, allow")


@pytest.mark.parametrize(
    ("step", "allow", "done"),
    [
        ({"assert": {"column": "now", "matrix": "active"}}, "", True),
        ({"advance": "1d"}, "", False),
        ({"advance": "1d"}, "clock", True),
        ({"cross": "1s"}, "licences", False),
        ({"renew": {}}, "clock", False),
        ({"renew": {}}, "licences", True),
        ({"release": {"camera": "cam1"}}, "clock, licences", False),
    ],
)
def test_a_step_that_changes_something_is_done_only_where_it_is_allowed(
    tmp_path: Path, step: dict[str, object], allow: str, done: bool
) -> None:
    file = tmp_path / "site.yaml"
    shared = "clock: {mode: shared, socket: clock.sock}"
    file.write_text("\n".join([RECORDER, SERVICE, shared, f"allow: [{allow}]"]))
    assert permits(load_site_file(file), Step.model_validate(step)) is done


async def test_a_service_that_is_away_stays_away_while_a_probe_takes_it_away_too(tmp_path: Path) -> None:
    file, told = tmp_path / "site.yaml", tmp_path / "told"
    orders = [f"  {word}: [sh, -c, 'echo {word} >> {told}']" for word in ("stop", "start")]
    service = ["service:", "  url: http://127.0.0.1:2", "  token: {env: T}", "  customer: a@b.example", *orders]
    file.write_text("\n".join([RECORDER, *service, "allow: [service]"]))
    clock = SystemClock()
    site = AttachedSite(
        path=file, file=load_site_file(file), scratch=tmp_path, clock=clock,
        session=cast(Any, None), reached=cast(Any, None),
    )  # fmt: skip
    async with site.service_stopped():
        async with site.service_stopped():
            pass
        assert told.read_text().split() == ["stop"]
    assert told.read_text().split() == ["stop", "start"]
    clock.close()


def test_a_secret_comes_from_the_environment_or_from_a_file_that_nobody_else_can_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, file = tmp_path / "site.yaml", tmp_path / "password"
    monkeypatch.setenv("SITE_PASSWORD", "secret-word")
    assert read_secret(Secret(env="SITE_PASSWORD"), site) == "secret-word"
    file.write_text("secret-word\n")
    file.chmod(0o600)
    assert read_secret(Secret(file=Path("password")), site) == "secret-word"
    file.chmod(0o640)
    with pytest.raises(SecretError, match="others can read") as told:
        read_secret(Secret(file=Path("password")), site)
    assert "secret-word" not in str(told.value)


def test_a_recorder_that_is_not_there_is_told_by_line_and_field_with_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "site.yaml"
    file.write_text("clock: system\nrecorder:\n  url: http://127.0.0.1:1\n")
    assert verify(["--attach", str(file), "--language", "en"]) == 2
    assert f"{file}, line 3, recorder.url: no recorder answers there" in capsys.readouterr().err
