"""`python -m tests.crash`: kills a recorder at random moments and judges what is left, every time or every few times.

A moment may lie in its start (recovery, migration), in the middle of a write, a rotation, a deletion, a commit. Every
second time the next recorder starts over the remains unjudged, so that recovery is killed, too.
"""

import argparse
import asyncio
import logging
import os
import random
import signal
import sys
import tempfile
from pathlib import Path

from gate.clock import SystemClock
from recorder.storage import open_storage
from tests.crash.verdict import Verdict
from tests.crash.victim import CAMERAS, CONFIG, FastClock, Life, board_of, live
from tests.fakes.footage import make_footage

LIFE_SECONDS_MAX = 1.2


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description="Kills a recorder again and again.")
    parser.add_argument("--kills", type=int, default=200, help="(default %(default)s)")
    parser.add_argument("--seed", type=int, help="of an earlier run, to have its moments again (default: a new one)")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**6)
    logging.basicConfig(level=logging.CRITICAL)
    print(f"{options.kills} kills, seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="edge-recorder-crash-") as folder:
        return kill_and_judge(Path(folder), options.kills, seed)


def kill_and_judge(folder: Path, kills: int, seed: int) -> int:
    """0 if nothing was wrong after any kill."""
    chance = random.Random(seed)
    clock = SystemClock()
    footage = make_footage(fps=15, gop=15, pictures=60)
    origin = clock.now_ns(), clock.monotonic_ns()
    data_dir, notes = folder / "data", folder / "notes"
    data_dir.mkdir()
    notes.touch()
    verdict = Verdict(
        data_dir=data_dir, notes=notes, footage=footage, cameras=list(CAMERAS), bytes_max=CONFIG.bytes_max
    )
    judged = 0
    for number in range(1, kills + 1):
        life = Life(data_dir=data_dir, notes=notes, origin=origin, footage=footage, seed=chance.randrange(2**32))
        kill(life, chance.choice((0.1, 1)) * chance.uniform(0, LIFE_SECONDS_MAX), clock)
        judge = chance.random() < 0.5 or number == kills
        verdict.deaths.append((FastClock(origin).now_ns(), judge))
        if judge:
            asyncio.run(recover(data_dir, FastClock(origin)))
            verdict.judge()
            judged += 1
        if verdict.complaints:
            break
        if number % 20 == 0:
            print(f"{number} kills, {verdict.pictures} pictures, {judged} times judged", flush=True)
    for complaint in verdict.complaints[:20]:
        print(f"after kill {number} (seed {seed}): {complaint}", file=sys.stderr)
    if verdict.complaints:
        return 1
    print(f"{kills} kills, {judged} times judged: nothing lost, nothing wrong")
    print(f"{verdict.pictures} pictures decoded, {verdict.deleted} files deleted by retention")
    return 0 if verdict.pictures else 1


def kill(life: Life, seconds: float, clock: SystemClock) -> None:
    """A recorder that lives so long."""
    child = os.fork()
    if child == 0:
        try:
            live(life)
        finally:
            os._exit(1)  # it came to an end by itself: a defect
    asyncio.run(clock.sleep(seconds))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), f"the recorder ended by itself after {seconds:.2f} s: seed {life.seed}"


async def recover(data_dir: Path, clock: FastClock) -> None:
    """What a next start does before it records."""
    opening = open_storage(CONFIG, data_dir=data_dir, camera_ids=list(CAMERAS), clock=clock, board=board_of(clock))
    async with opening:
        pass


if __name__ == "__main__":
    sys.exit(main())
