"""Runs every target, each in a process of its own, guided by coverage (atheris), or by hypothesis where that is not
installed. An input that breaks a target is kept in artifacts/fuzz/."""

import argparse
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

ARTIFACTS = Path("artifacts/fuzz")
MEMORY_MB_MAX = 1024
INPUT_BYTES_MAX = 4096
INPUT_SECONDS_MAX = 5


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Hostile bytes against the parsers.")
    parser.add_argument("targets", nargs="*", help="by name; all without any")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (default 60)")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    guided = find_spec("atheris") is not None
    if options.worker:
        return (_run_guided if guided else _run_random)(options.targets[0], options.seconds)
    from tests.fuzz.targets import SEEDS

    names = [target.__name__ for target in SEEDS]
    unknown = set(options.targets) - set(names)
    if unknown:
        parser.error(f"there is no target {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    print("guided by coverage (atheris)" if guided else "atheris is not installed: random bytes by hypothesis")
    failed = []
    for name in options.targets or names:
        command = [sys.executable, "-m", "tests.fuzz", name, "--worker", "--seconds", str(options.seconds)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        said = (done.stdout + done.stderr).strip().splitlines() or [""]
        runs = next((line for line in reversed(said) if line.startswith("Done ")), said[-1])
        print(f"{name:14} {'ok    ' if done.returncode == 0 else 'BROKEN'} {runs}", flush=True)
        if done.returncode:
            failed.append(name)
            print("\n".join(said[-40:]))
    return 1 if failed else 0


def _run_guided(name: str, seconds: int) -> int:
    import atheris

    with atheris.instrument_imports(include=["recorder"]):
        from tests.fuzz.targets import SEEDS
    target, seeds = next((target, seeds) for target, seeds in SEEDS.items() if target.__name__ == name)
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as corpus:
        for index, seed in enumerate(seeds):
            Path(corpus, str(index)).write_bytes(seed)
        limits = [f"-max_total_time={seconds}", f"-rss_limit_mb={MEMORY_MB_MAX}", f"-timeout={INPUT_SECONDS_MAX}"]
        place = [f"-max_len={INPUT_BYTES_MAX}", f"-artifact_prefix={ARTIFACTS}/{name}-", corpus]
        atheris.Setup([sys.argv[0], *limits, *place], target)
        atheris.Fuzz()  # ends the process
    return 0


def _run_random(name: str, seconds: int) -> int:
    from hypothesis import HealthCheck, given, settings

    from gate.clock import SystemClock
    from tests.fuzz.inputs import hostile
    from tests.fuzz.targets import SEEDS

    target, seeds = next((target, seeds) for target, seeds in SEEDS.items() if target.__name__ == name)
    clock, runs = SystemClock(), 0
    end_ns = clock.monotonic_ns() + seconds * 10**9

    @settings(
        max_examples=1000, deadline=INPUT_SECONDS_MAX * 1000, suppress_health_check=list(HealthCheck), database=None
    )
    @given(hostile(seeds, INPUT_BYTES_MAX))
    def run(data: bytes) -> None:
        nonlocal runs
        runs += 1
        target(data)

    while clock.monotonic_ns() < end_ns:
        run()
    print(f"Done {runs} runs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
