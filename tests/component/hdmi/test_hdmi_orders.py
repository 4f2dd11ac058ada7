"""Orders from programs: over the monitor's socket, by the command line, and from the preview's own page."""

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientSession

from gate.clock import SystemClock
from hdmi_out.commands import hdmi
from hdmi_out.control import CLIENTS_MAX, Control
from hdmi_out.errors import StartError
from hdmi_out.sinks.headless import Preview
from tests.component.hdmi.conftest import RunningWall
from tests.component.hdmi.monitor_process import running_monitor
from tests.fakes.local_site import FakeCamera, LocalSite


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the monitor takes orders, if nothing else is said."""
    return tmp_path / "rec.hdmi"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "hdmi.yaml"
    file.write_text("recorder: {socket: rec.sock}\n")
    return file


@pytest_asyncio.fixture
async def served(running: RunningWall, path: Path) -> AsyncIterator[RunningWall]:
    async with Control(running.output, running.clock).serving(path) as serving:
        assert serving
        await running.pictures("cam1", 1)
        yield running


class Client:
    """A program at the socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def say(self, line: bytes) -> dict[str, Any]:
        self._writer.write(line + b"\n")
        return await self.hear()

    async def hear(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(await self._reader.readline())
        return found

    async def order(self, **order: object) -> dict[str, Any]:
        return await self.say(json.dumps(order).encode())

    def leave(self) -> None:
        self._writer.close()


async def connected(path: Path) -> Client:
    return Client(*await asyncio.open_unix_connection(str(path)))


async def test_keys_points_and_places_lead_where_a_persons_would(served: RunningWall, path: Path) -> None:
    client = await connected(path)
    assert await client.order(key="right") == {"view": "wall", "camera": ""}
    assert await client.order(key="ok") == {"view": "camera", "camera": "cam1"}
    assert await client.order(key="back") == {"view": "wall", "camera": ""}
    area = served.stream("cam2").box
    middle = [(area.x + area.width / 2) / served.canvas.width, (area.y + area.height / 2) / served.canvas.height]
    assert await client.order(point=middle, press=False) == {"view": "wall", "camera": ""}
    assert await client.order(point=middle) == {"view": "camera", "camera": "cam2"}
    assert await client.order(show={"view": "camera", "camera": "cam1"}) == {"view": "camera", "camera": "cam1"}
    status = await client.order(status=True)
    assert (status["view"], status["camera"], status["language"]) == ("camera", "cam1", "ja")
    client.leave()


@pytest.mark.parametrize(
    ("order", "said"),
    [
        (b"{", "not an order"),
        (b"[]", "not an order"),
        (b"{}", "an order has one of: key, point, show, status"),
        (b'{"key": "fire"}', "key: "),
        (b'{"point": [1.5, 0]}', "from 0 to 1"),
        (b'{"point": [0.5]}', "point"),
        (b'{"show": {"view": "tetris"}}', "no view 'tetris'"),
        (b'{"show": {"view": "camera"}}', "say which camera"),
        (b'{"show": {"view": "camera", "camera": "cam9"}}', "no camera 'cam9'; there are: cam1, cam2"),
        (b'{"show": {"view": "wall", "at": "2026-01-01T00:00:00"}}', "show.at"),
    ],
)
async def test_what_cannot_be_done_is_one_sentence_and_the_next_order_works(
    served: RunningWall, path: Path, order: bytes, said: str
) -> None:
    client = await connected(path)
    answer = await client.say(order)
    assert set(answer) == {"error"}
    assert said in answer["error"]
    assert await client.order(key="home") == {"view": "wall", "camera": ""}
    client.leave()


async def test_the_socket_is_this_users_bounded_and_gone_at_the_end(running: RunningWall, path: Path) -> None:
    async with Control(running.output, running.clock).serving(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        clients = [await connected(path) for _ in range(CLIENTS_MAX)]
        for client in clients:
            await client.order(key="home")
        one_more = await connected(path)
        assert "programs already" in (await one_more.hear())["error"]
        clients[0].leave()
        long = await clients[1].say(b"x" * 20_000)
        assert "at most" in long["error"]
        for client in (*clients[1:], one_more):
            client.leave()
    assert not path.exists()


async def test_a_second_monitor_leaves_the_first_ones_socket_alone(served: RunningWall, path: Path) -> None:
    async with Control(served.output, served.clock).serving(path) as serving:
        assert not serving
    client = await connected(path)
    assert await client.order(key="home") == {"view": "wall", "camera": ""}
    client.leave()


async def test_a_socket_left_by_a_crash_is_replaced_and_one_that_cannot_be_is_an_error(
    running: RunningWall, path: Path, tmp_path: Path
) -> None:
    left = await asyncio.start_unix_server(lambda r, w: None, str(path))
    left.close()
    await left.wait_closed()
    assert path.is_socket()
    async with Control(running.output, running.clock).serving(path) as serving:
        assert serving
    (tmp_path / "file").write_text("")
    with pytest.raises(StartError, match="cannot listen"):
        async with Control(running.output, running.clock).serving(tmp_path / "file" / "x.hdmi"):
            pass


async def test_the_command_line_gives_orders(
    served: RunningWall, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def said(*words: str) -> tuple[int, str, str]:
        status = await asyncio.to_thread(hdmi, [*words, "--config", str(config)])
        out, err = capsys.readouterr()
        return status, out.strip(), err.strip()

    assert await said("key", "right", "right", "ok") == (0, "camera cam2", "")
    assert await said("show", "camera", "cam1", "--json") == (0, '{"view": "camera", "camera": "cam1"}', "")
    status, out, _ = await said("status")
    assert (status, out.splitlines()[0]) == (0, "view      camera cam1")
    assert json.loads((await said("status", "--json"))[1])["camera"] == "cam1"
    status, out, err = await said("show", "camera", "cam9")
    assert (status, out) == (2, "")
    assert "no camera 'cam9'" in err
    assert await said("point", "0", "0", "--move") == (0, "camera cam1", "")


def test_without_a_monitor_the_command_line_says_so(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert hdmi(["key", "ok", "--config", str(config)]) == 2
    assert "no monitor answers" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--help"], ["key", "--help"], ["show", "--help"]])
def test_help_has_examples(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        hdmi(words)
    assert ended.value.code == 0
    assert "edge-recorder hdmi show playback cam1" in capsys.readouterr().out


async def test_orders_over_http_are_taken_from_the_previews_own_page_only(running: RunningWall) -> None:
    await running.pictures("cam1", 1)
    preview = Preview(running.canvas, running.clock, running.output)
    async with preview.serving("127.0.0.1", 0) as port, ClientSession(f"http://127.0.0.1:{port}") as session:
        own = {"Origin": f"http://127.0.0.1:{port}"}
        show = {"show": {"view": "camera", "camera": "cam1"}}

        async def status(headers: dict[str, str], **body: Any) -> int:
            async with session.post("/v1/order", headers=headers, **body) as response:
                return response.status

        assert await status({}, json=show) == 403
        assert await status({"Origin": "http://evil.example"}, json=show) == 403
        assert await status({"Origin": "null"}, json=show) == 403
        assert await status(own | {"Host": "evil.example"}, json=show) == 421
        assert await status(own, data=json.dumps(show)) == 415
        assert await status(own, json={"key": "x" * 5000}) == 413
        assert running.screen.place.view == "wall"
        assert await status(own, json={"key": "fire"}) == 400
        assert await status(own, json=show) == 200
        assert running.screen.place.camera == "cam1"


async def test_the_page_speaks_the_monitors_language(running: RunningWall) -> None:
    preview = Preview(running.canvas, running.clock, running.output)
    async with preview.serving("127.0.0.1", 0) as port, ClientSession(f"http://127.0.0.1:{port}") as session:
        for language, word in (("ja", "戻る"), ("en", "Back")):
            running.choices.language = "ja" if language == "ja" else "en"
            await running.until(lambda language=language: running.output.status()["language"] == language)
            async with session.get("/") as response:
                text = await response.text()
                assert "script-src 'self'" in response.headers["Content-Security-Policy"]
            assert f'<html lang="{language}">' in text
            assert word in text
            assert "$" not in text, "every place is filled"


async def test_two_monitors_of_one_recorder_both_work(
    tmp_path: Path, clock: SystemClock, cameras: list[FakeCamera], config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    second = tmp_path / "second"
    second.mkdir()
    (second / "rec.sock").symlink_to(tmp_path / "rec.sock")
    async with (
        LocalSite(cameras, clock).serving(tmp_path / "rec.sock"),
        running_monitor(tmp_path, clock, "listen: 127.0.0.1:0\nsocket: rec.hdmi\n") as one,
        ClientSession() as session,
    ):
        await one.ready()
        shared = "listen: 127.0.0.1:0\nsocket: ../rec.hdmi\n"
        async with running_monitor(second, clock, shared) as other:
            await other.ready()
            for monitor in (one, other):
                await monitor.pictures(session)
            assert await asyncio.to_thread(hdmi, ["show", "camera", "cam2", "--config", str(config)]) == 0
            assert (await one.status(session))["camera"] == "cam2"
            assert (await other.status(session))["view"] == "wall"
            capsys.readouterr()
            other.process.terminate()
            _, said = await other.process.communicate()
        assert b"another monitor takes orders at" in said
