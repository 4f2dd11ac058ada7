"""Events by webhook: signed, in order, patiently, once more rather than not at all, and never while lapsed (M8)."""

import base64
import hashlib
import hmac
import json
import logging
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from recorder.catalog import outbox
from recorder.notify import courier as couriers
from recorder.notify.notice import AGE_MAX
from recorder.notify.webhook import ANSWER_SECONDS_MAX, Webhook
from tests.component.notify.bench import SECRET, Bench, Receiver, receiving, until

SENT = "webhook"


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


def hooked(folder: Path, receiver: Receiver, **fields: Any) -> Bench:
    return Bench(folder, {"webhooks": [{"url": receiver.address, "secret": SECRET, **fields}]})


def status(code: int, **headers: str) -> Any:
    return lambda _: web.Response(status=code, headers=headers)


async def test_an_event_is_posted_with_the_signature_of_standard_webhooks(tmp_path: Path, receiver: Receiver) -> None:
    async with hooked(tmp_path, receiver).running() as bench:
        bench.happen("cam1", "start", rule="door")
        await bench.clock.advance(3)
        bench.happen("cam1", "end", rule="door")
        await until(lambda: len(receiver.requests) == 2)
        await bench.until_counts(SENT, lambda count: (count.waiting, count.sent) == (0, 2))
    (headers, body), (_, later) = receiver.requests
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    made = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{made}"
    assert headers["Content-Type"] == "application/json" and SECRET not in str(headers)
    told = json.loads(body)
    assert (told["type"], told["timestamp"]) == ("event.started", "2026-01-01T00:00:00.000+00:00")
    assert told["data"]["device"] == "rec-1" and told["data"]["camera_name"] == "玄関"
    assert told["data"]["event"] | {"id": 1, "title": "人物", "detail": "door", "end": None} == told["data"]["event"]
    assert json.loads(later)["type"] == "event.ended"
    assert json.loads(later)["timestamp"] == "2026-01-01T00:00:03.000+00:00"


async def test_only_the_wanted_cameras_and_kinds_are_told(tmp_path: Path, receiver: Receiver) -> None:
    async with hooked(tmp_path, receiver, cameras=["cam2"], kinds=["vehicle"]).running() as bench:
        for camera, kind in (("cam1", "vehicle"), ("cam2", "person"), ("cam2", "vehicle")):
            bench.happen(camera, kind=kind)  # type: ignore[arg-type]
        bench.bus.begin_system(None, "disk", "full")
        await until(lambda: receiver.requests)
    assert receiver.events == [("event.happened", "cam2", "vehicle")]


@pytest.mark.parametrize("trouble", [500, 429, 404, 301])
async def test_a_receiver_that_fails_is_tried_again_with_the_same_id_and_body(
    tmp_path: Path, receiver: Receiver, trouble: int
) -> None:
    fails = status(trouble, Location=receiver.address)
    receiver.answer = lambda request: fails(request) if len(receiver.requests) < 3 else web.Response()
    async with hooked(tmp_path, receiver).running() as bench:
        bench.happen()
        await until(bench.trouble)
        assert str(trouble) in bench.trouble() and "hush" not in bench.trouble()
        await bench.advance_until(lambda: len(receiver.requests) == 3)
        await bench.until_counts(SENT, lambda count: (count.waiting, count.sent) == (0, 1))
        assert bench.trouble() == ""
    assert len({*receiver.ids}) == 1 and len({body for _, body in receiver.requests}) == 1


async def test_a_receiver_that_asks_to_be_left_alone_is(tmp_path: Path, receiver: Receiver) -> None:
    receiver.answer = status(503, **{"Retry-After": "120"})
    async with hooked(tmp_path, receiver).running() as bench:
        bench.happen()
        await until(bench.trouble)
        await bench.clock.advance(119)
        assert len(receiver.requests) == 1
        await bench.clock.advance(2)
        await until(lambda: len(receiver.requests) == 2)


async def test_a_notice_that_is_refused_again_and_again_does_not_hold_up_those_behind_it(
    tmp_path: Path, receiver: Receiver
) -> None:
    receiver.answer = lambda _: web.Response(status=400 if len({*receiver.ids}) == 1 else 200)
    async with hooked(tmp_path, receiver).running(entitled_seconds=80_000) as bench:
        bench.happen("cam1")
        bench.happen("cam2")
        await bench.advance_until(lambda: len({*receiver.ids}) == 2, step_seconds=5)
        found = await bench.until_counts(SENT, lambda count: count.sent == 1)
    assert (found.given_up, found.waiting) == (1, 0)
    assert [camera for _, camera, _ in receiver.events] == ["cam1"] * couriers.REFUSALS_MAX + ["cam2"]


async def test_a_silent_receiver_is_given_fifteen_seconds_and_nobody_else_waits_for_it(
    tmp_path: Path, receiver: Receiver
) -> None:
    async with receiving() as other:
        receiver.answer = lambda _: None
        hooks = [{"url": one.address, "secret": SECRET} for one in (receiver, other)]
        async with Bench(tmp_path, {"webhooks": hooks}).running() as bench:
            bench.happen()
            await until(lambda: receiver.requests and other.requests)
            await bench.clock.advance(ANSWER_SECONDS_MAX + 0.1)
            await until(lambda: "15 s" in bench.trouble(0))
            assert bench.trouble(1) == ""


async def test_an_answer_without_end_is_not_read(tmp_path: Path, receiver: Receiver) -> None:
    written = 0

    class Endless(web.StreamResponse):
        async def write_eof(self, data: bytes = b"") -> None:
            nonlocal written
            try:
                while True:
                    await self.write(b"x" * 65536)
                    written += 65536
            except ConnectionError:
                pass

    receiver.answer = lambda _: Endless()
    async with hooked(tmp_path, receiver).running() as bench:
        bench.happen()
        await bench.until_counts(SENT, lambda count: count.sent == 1)
    assert written < 32 << 20  # what fits into the buffers of both sides


async def test_what_goes_wrong_is_told_in_words_without_secrets(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    hook = {"url": f"http://127.0.0.1:{port}/?token=hush", "secret": SECRET}
    with caplog.at_level(logging.DEBUG):
        async with Bench(tmp_path, {"webhooks": [hook]}).running() as bench:
            bench.happen()
            await until(bench.trouble)
            report = str(await bench.notices.reports())
    assert "cannot be reached" in caplog.text and f"http://127.0.0.1:{port}/…" in report
    for text in (caplog.text, report, str(bench.site.config.notify.webhooks[0].secret)):
        assert "hush" not in text and SECRET not in text


async def test_what_began_while_lapsed_is_never_told_not_afterwards_either(tmp_path: Path, receiver: Receiver) -> None:
    async with hooked(tmp_path, receiver).running() as bench:
        bench.happen("cam1", "start")
        await until(lambda: len(receiver.requests) == 1)
        bench.lapse("cam2")
        bench.happen("cam1", kind="vehicle")
        bench.happen("cam1", "end")  # of what was told: it ended unseen
        bench.happen("cam2")
        await until(lambda: len(receiver.requests) == 2)
        bench.entitle(3600)
        bench.happen("cam1", kind="animal")
        await until(lambda: len(receiver.requests) == 3)
    assert receiver.events == [
        ("event.started", "cam1", "person"), ("event.happened", "cam2", "person"), ("event.happened", "cam1", "animal"),
    ]  # fmt: skip


async def test_the_end_of_what_began_while_lapsed_is_not_told_when_the_licence_is_back(
    tmp_path: Path, receiver: Receiver
) -> None:
    async with hooked(tmp_path, receiver).running() as bench:
        bench.lapse()
        bench.happen("cam1", "start")
        bench.entitle(3600)
        bench.happen("cam1", "end")
        bench.happen("cam2")
        await until(lambda: receiver.requests)
    assert receiver.events == [("event.happened", "cam2", "person")]


async def test_at_the_licences_end_what_is_in_flight_is_broken_off_and_waits_for_a_licence(
    tmp_path: Path, receiver: Receiver
) -> None:
    receiver.answer = lambda _: None
    async with hooked(tmp_path, receiver).running(entitled_seconds=10) as bench:
        bench.happen("cam1")
        await until(lambda: receiver.requests)
        bench.happen("cam1", kind="vehicle")  # waits behind
        await bench.clock.advance(10)
        await until(lambda: receiver.torn)
        receiver.answer = status(200)
        await bench.clock.advance(600)
        assert (await bench.counts(SENT)).waiting == 2 and len(receiver.requests) == 1
        bench.entitle(3600)
        await bench.until_counts(SENT, lambda count: (count.waiting, count.sent) == (0, 2))
    assert receiver.ids[0] == receiver.ids[1]
    assert bench.notices._couriers[0].standing.cut == 1


async def test_one_cameras_lapse_holds_back_its_own_notices_only(tmp_path: Path, receiver: Receiver) -> None:
    receiver.answer = status(500)
    async with hooked(tmp_path, receiver).running() as bench:
        bench.happen("cam1")
        bench.happen("cam2")
        await until(bench.trouble)
        bench.lapse("cam2")
        receiver.answer = status(200)
        await bench.clock.advance(5)
        await bench.until_counts(SENT, lambda count: count.sent == 1)
        assert (await bench.counts(SENT)).waiting == 1
    assert [camera for _, camera, _ in receiver.events] == ["cam1", "cam2"]


async def test_what_a_licence_came_back_too_late_for_is_dropped_and_counted(tmp_path: Path, receiver: Receiver) -> None:
    receiver.answer = status(500)
    async with hooked(tmp_path, receiver).running() as bench:
        bench.happen("cam1")
        await until(bench.trouble)
        bench.lapse()
        await bench.clock.advance(AGE_MAX.total_seconds() + 1)
        receiver.answer = status(200)
        bench.entitle(3600)
        bench.happen("cam2")
        found = await bench.until_counts(SENT, lambda count: count.sent == 1)
    assert (found.too_old, found.waiting) == (1, 0)


async def test_a_recorder_that_dies_between_sending_and_noting_sends_again_with_the_same_id(
    tmp_path: Path, receiver: Receiver
) -> None:
    receiver.answer = lambda _: None  # it has the notice, we never hear so
    async with hooked(tmp_path, receiver).running() as bench:
        bench.happen()
        await until(lambda: receiver.requests)
    receiver.answer = status(200)
    again = hooked(tmp_path, receiver)
    async with again.running():
        await again.until_counts(SENT, lambda count: count.sent == 1)
    assert len(receiver.ids) == 2 and len({*receiver.ids}) == 1


async def test_an_event_and_its_notices_are_kept_both_or_neither(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr("recorder.notify.notices.put_notice", fails)
    async with hooked(tmp_path, receiver).running() as bench:
        bench.happen()
        kept = await bench.catalog.do(lambda db: db.execute("SELECT count(*) FROM event").fetchone()[0])
    assert kept == 0


async def test_a_storm_is_bounded_the_newest_are_kept_and_the_rest_is_counted(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recorder.events.bus.EVENTS_PER_MINUTE_MAX", 10**6)
    monkeypatch.setattr(Webhook, "waiting_max", 500)
    receiver.answer = lambda _: None
    async with hooked(tmp_path, receiver).running() as bench:
        for _ in range(10_000):
            bench.happen()
        found = await bench.until_counts(SENT, lambda count: count.left_out + count.waiting == 10_000)
        assert (found.waiting, found.left_out) == (500, 9_500)
        rows = await bench.catalog.do(lambda db: db.execute("SELECT count(*), min(event_id) FROM notice").fetchone())
        assert rows == (500, 9_501)


async def test_what_waits_for_a_receiver_that_is_no_longer_configured_is_dropped(
    tmp_path: Path, receiver: Receiver
) -> None:
    receiver.answer = status(500)
    async with hooked(tmp_path, receiver).running() as bench:
        bench.happen()
        await until(bench.trouble)
    other = Bench(tmp_path, {"webhooks": [{"url": f"{receiver.address}2", "secret": SECRET}]})
    async with other.running():
        await until(lambda: other.clock)
        await other.until_counts(SENT, lambda count: count.waiting == 0)
        assert await other.catalog.do(outbox.notice_counts) == {}


async def test_a_defect_of_one_channel_ends_neither_itself_nor_the_others(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    post, failures = Webhook.post, [RuntimeError("a defect")]

    async def fails_once(self: Webhook, id: str, text: str) -> Any:
        if failures:
            raise failures.pop()
        return await post(self, id, text)

    monkeypatch.setattr(Webhook, "post", fails_once)
    async with hooked(tmp_path, receiver).running() as bench:
        bench.happen()
        await until(lambda: not failures)
        await bench.clock.advance(10)
        await until(lambda: receiver.requests)


async def test_a_secret_in_a_file_is_read_and_one_that_is_not_there_is_said_by_its_name(
    tmp_path: Path, receiver: Receiver
) -> None:
    file = tmp_path / "secret"
    bench = Bench(tmp_path, {"webhooks": [{"url": receiver.address, "secret_file": file}]})
    async with bench.running():
        bench.happen()
        await until(bench.trouble)
        assert str(file) in bench.trouble()
        file.write_text(f"{SECRET}\n")
        await bench.clock.advance(5)
        await until(lambda: receiver.requests)


async def test_after_a_defect_elsewhere_it_goes_on_with_a_new_connection(tmp_path: Path, receiver: Receiver) -> None:
    async with hooked(tmp_path, receiver).running() as bench:
        bench.happen("cam1", "start")
        await bench.until_counts(SENT, lambda count: count.sent == 1)
        (courier,) = bench.notices._couriers
        await courier.channel.close()  # as it is when its part begins again
        await bench.clock.advance(3)
        bench.happen("cam1", "end")
        await bench.until_counts(SENT, lambda count: (count.waiting, count.sent) == (0, 2))
