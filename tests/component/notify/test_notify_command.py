"""`edge-recorder notify` as a process: a test notice to each endpoint, and how a running recorder says they fare."""

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web

from gate.clock import SystemClock
from recorder.local.app import serve_local
from tests.component.notify.bench import SECRET, Bench, receiving, until
from tests.component.notify.test_mails import receiving as receiving_mails

SECONDS_MAX = 30


async def notify(folder: Path, section: dict[str, Any], *words: str) -> tuple[int, str, str]:
    """Status, stdout, stderr."""
    config = folder / "recorder.yaml"
    content = {
        "device": {"id": "rec-1", "data_dir": "data"},
        "licence": {"path": "licence.json", "root_key": "root.pub"},
        "local": {"socket": "rec.sock"},
        "cameras": [{"id": "cam1", "main": {"url": "rtsp://192.0.2.1/main"}}],
        "notify": section,
    }
    config.write_text(yaml.safe_dump(content))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "recorder.cli", "notify", words[0], str(config), *words[1:],
        cwd=Path(__file__).parents[3], stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with SystemClock().timeout(SECONDS_MAX):
        out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_a_test_notice_goes_to_all_and_what_happened_is_said_without_secrets(tmp_path: Path) -> None:
    async with receiving() as good, receiving() as bad, receiving_mails() as post:
        bad.answer = lambda _: web.Response(status=418)
        section = {
            "webhooks": [{"url": one.address, "secret": SECRET} for one in (good, bad)],
            "mail": {"host": "127.0.0.1", "port": post.port, "security": "none", "from_address": "rec@example.net",
                     "to": ["keeper@example.net"], "language": "en"},
        }  # fmt: skip
        status, out, err = await notify(tmp_path, section, "test", "--json")
        assert (status, err) == (1, "")
        lines = [json.loads(line) for line in out.splitlines()]
        assert [(line["channel"], line["told"]) for line in lines] == [
            ("webhook", True), ("webhook", False), ("mail", True),
        ]  # fmt: skip
        assert "418" in lines[1]["remark"] and "hush" not in out and SECRET not in out
        assert json.loads(good.requests[0][1])["type"] == "notify.test"
        assert post.mails[0]["Subject"] == "[rec-1] Test notice"


async def test_a_broker_that_is_not_there_is_said_in_words(tmp_path: Path) -> None:
    status, out, _ = await notify(tmp_path, {"mqtt": {"host": "127.0.0.1", "port": 9}}, "test", "--mqtt")
    assert status == 1 and out.startswith("mqtt 127.0.0.1:9: FAILED: ") and "refused" in out


async def test_nothing_that_is_configured_is_a_sentence(tmp_path: Path) -> None:
    status, out, err = await notify(tmp_path, {}, "test", "--mail")
    assert (status, out) == (2, "") and err.startswith("edge-recorder notify: nothing of that is configured")


@pytest.mark.parametrize("as_json", [False, True])
async def test_the_status_of_a_running_recorder_tells_what_waits_and_why(tmp_path: Path, as_json: bool) -> None:
    async with receiving() as receiver:
        receiver.answer = lambda _: web.Response(status=500)
        section = {"webhooks": [{"url": receiver.address, "secret": SECRET}]}
        async with Bench(tmp_path, section).running() as bench:
            bench.happen()
            await until(bench.trouble)
            async with serve_local(replace(bench.site.parts, notices=bench.notices)):
                status, out, _ = await notify(tmp_path, section, "status", *(["--json"] if as_json else []))
    assert status == 0 and "hush" not in out
    if as_json:
        channel = json.loads(out)
        assert (channel["waiting"], channel["sent"], channel["trouble"]) == (1, 0, "it answers HTTP 500")
    else:
        assert out.strip().endswith("/…: 0 told; 1 waiting; it answers HTTP 500")
