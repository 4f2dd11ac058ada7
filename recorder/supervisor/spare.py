"""`python -m recorder.supervisor.spare MODULE ARGUMENTS…`: what `python -m MODULE ARGUMENTS…` is, but with everything
imported, and waiting for a line on stdin. A site that begins anew within seconds has no time for imports."""

import importlib
import runpy
import sys

HEAVY = {
    "recorder": ("recorder.commands", "recorder.device", "recorder.maintenance.upkeep"),
    "gate.service": ("gate.service.commands", "gate.service.app", "gate.service.seed"),
}
"""What each of the programs imports at its start."""


def wait_and_become(module: str, arguments: list[str]) -> None:
    """Returns when that program ends; at once where stdin ends before it is wanted."""
    for heavy in HEAVY.get(module, ()):
        importlib.import_module(heavy)
    if not sys.stdin.buffer.readline():
        return
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    wait_and_become(sys.argv[1], sys.argv[2:])
