"""What a person sees who makes a mistake, and what is left when they go."""

import asyncio
import signal
import socket
import sys
from pathlib import Path

import psutil
import pytest

from gate.clock import SystemClock
from tests.e2e.demo_site import free_port_base, running_demo, start_command, write_configs


async def sentence_of(*words: str) -> tuple[int, str]:
    """Exit status and stderr of a command that should refuse."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "recorder.cli", *words, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    _, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, errors.decode()


@pytest.mark.parametrize("port", [554, 600, 650])
async def test_a_taken_port_is_one_clear_sentence_and_leaves_nothing(tmp_path: Path, port: int) -> None:
    base = free_port_base()
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", base + port))
        squatter.listen()
        status, errors = await sentence_of("demo", str(write_configs(tmp_path)), "--port-base", str(base))
    assert status == 2
    assert str(base + port) in errors
    assert "Traceback" not in errors
    assert not [p for p in psutil.process_iter(["cmdline"]) if str(tmp_path) in " ".join(p.info["cmdline"] or [])]


async def test_a_bad_line_names_file_line_and_field(tmp_path: Path) -> None:
    write_configs(tmp_path)
    recorder = tmp_path / "configs" / "recorder.yaml"
    lines = recorder.read_text().splitlines()
    number = next(i for i, line in enumerate(lines, 1) if "segment_seconds" in line)
    lines[number - 1] = lines[number - 1].replace("10", "soon")
    recorder.write_text("\n".join(lines))
    status, errors = await sentence_of("run", str(recorder))
    assert status == 2
    assert f"recorder.yaml, line {number}, storage.segment_seconds:" in errors
    assert "Traceback" not in errors


async def test_an_unknown_field_is_refused(tmp_path: Path) -> None:
    write_configs(tmp_path)
    fleet = tmp_path / "configs" / "fleet.yaml"
    fleet.write_text(fleet.read_text() + "colour: red\n")
    status, errors = await sentence_of("cameras", str(fleet))
    assert status == 2
    assert "colour: there is no such field" in errors


async def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for command in ("run", "demo", "status"):
        status, errors = await sentence_of(command, str(tmp_path / "nowhere.yaml"))
        assert status == 2
        assert f"{tmp_path}/nowhere.yaml: there is no such file" in errors
        assert len(errors.strip().splitlines()) == 1


async def test_an_unknown_command_is_one_sentence() -> None:
    status, errors = await sentence_of("dance")
    assert (status, errors.count("\n")) == (2, 1)


async def test_ctrl_c_ends_everything_within_three_seconds(tmp_path: Path) -> None:
    clock = SystemClock()
    async with running_demo(tmp_path) as site:
        family = psutil.Process(site.process.pid).children(recursive=True)
        assert len(family) >= 3
        began_ns = clock.monotonic_ns()
        site.process.send_signal(signal.SIGINT)
        assert await site.process.wait() == 0
        assert clock.monotonic_ns() - began_ns < 3e9
        assert not [p for p in family if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
    assert not list(tmp_path.rglob("*.sock"))


async def test_a_duration_ends_the_demo_with_status_0(tmp_path: Path) -> None:
    process = await start_command(
        ["demo", str(write_configs(tmp_path)), "--duration", "0.5", "--json", "--port-base", str(free_port_base())]
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    assert out.count(b"\n") == 1 and b'"remote": "http://127.0.0.1:' in out
