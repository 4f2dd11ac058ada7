"""`python -m tests.benchmarks.readers ADDRESS READERS CAMERAS`: follows live streams to their end, as a process of its
own. Says `ready` when every reader has a picture, and at the end one JSON list: what each got last, and when."""

import asyncio
import json
import sys
from typing import Any

import aiohttp
import uvloop

from gate.clock import SystemClock

MESSAGE_BYTES_MAX = 16 << 20
_FRAGMENT = 2


async def follow(session: aiohttp.ClientSession, url: str, clock: SystemClock, begun: asyncio.Event) -> dict[str, Any]:
    """`last_ns`: the machine's time at which the last media message had arrived."""
    told: dict[str, Any] = {"last_ns": 0, "last_label_us": 0, "pictures": 0, "code": None, "close": None}
    async with session.ws_connect(url, max_msg_size=MESSAGE_BYTES_MAX) as live:
        async for message in live:
            if message.type == aiohttp.WSMsgType.BINARY:
                told["last_ns"] = clock.now_ns()
                told["last_label_us"] = max(told["last_label_us"], int.from_bytes(message.data[8:16], "big"))
                told["pictures"] += message.data[0] == _FRAGMENT
                begun.set()
            elif message.type == aiohttp.WSMsgType.TEXT and "end" in (text := json.loads(message.data)):
                told["code"] = text["end"]["problem"]["code"]
        told["close"] = live.close_code
    return told


async def main(address: str, readers: int, cameras: int) -> None:
    clock = SystemClock()
    begun = [asyncio.Event() for _ in range(readers)]
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:
        following = [
            group.create_task(
                follow(session, f"{address}api/v1/cameras/cam{n % cameras + 1}/live?stream=sub", clock, begun[n])
            )
            for n in range(readers)
        ]
        for event in begun:
            await event.wait()
        print("ready", flush=True)
        told = await asyncio.gather(*following)
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
