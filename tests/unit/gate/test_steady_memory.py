"""Memory that pictures leave behind: it goes back to the machine, though small things that stay lie between them."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys, threading
from pathlib import Path
from gate.steady_memory import keep_memory_steady

def private_mb():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("RssAnon")).split()[1]) / 1024

def work():
    pictures = []
    for _ in range(40):
        pictures.append(b"x" * 300_000)
        stays.append(b"y" * 1000)
    together.wait()

if sys.argv[1] == "steady":
    keep_memory_steady()
before, stays, together = private_mb(), [], threading.Barrier(4)
large = bytearray(8 << 20)
del large
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(private_mb() - before)
"""
PICTURES_MB = 4 * 40 * 300_000 / 2**20


def left_mb(how: str) -> float:
    command = [sys.executable, "-c", PROGRAM, how]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="of glibc")
def test_what_pictures_took_is_given_back() -> None:
    assert left_mb("steady") < PICTURES_MB / 10
    assert left_mb("as it comes") > PICTURES_MB / 2, "the allocator needs no such care any more"
