"""Where the log goes: the journal's levels, and a file that is put aside when it is full."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gate.log_output import LogSection, log_file
from gate.yaml_file import ConfigError

SAY = """
import logging
from gate.log_output import start_logging
start_logging(logging.INFO)
log = logging.getLogger("recorder.part")
log.info("it goes on")
log.warning("look at this")
try:
    raise ValueError("odd")
except ValueError:
    log.exception("a defect")
"""


def lines_of(environ: dict[str, str], stderr: int) -> None:
    subprocess.run([sys.executable, "-c", SAY], env={**os.environ, **environ}, stderr=stderr, check=True)


def test_lines_of_the_journal_carry_their_level_each_and_no_time() -> None:
    read, write = os.pipe()
    status = os.fstat(write)
    lines_of({"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}, write)
    os.close(write)
    with os.fdopen(read) as pipe:
        lines = pipe.read().splitlines()
    assert lines[:2] == ["<6>recorder.part: it goes on", "<4>recorder.part: look at this"]
    assert lines[2] == "<3>recorder.part: a defect"
    assert len(lines) > 3 and all(line.startswith("<3>") for line in lines[2:]), "a trace has many lines"


def test_redirected_elsewhere_they_are_lines_for_people(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as file:
        lines_of({"JOURNAL_STREAM": "8:1"}, file.fileno())
    first = (tmp_path / "log").read_text().splitlines()[0]
    assert first.endswith("INFO recorder.part: it goes on") and first[:2] == "20"


def test_a_full_file_is_put_aside_and_so_many_are_kept(tmp_path: Path) -> None:
    place = tmp_path / "new" / "recorder.log"
    section = LogSection(file=place, megabytes_max=1, files_max=2)
    log = logging.getLogger("recorder.part")
    with log_file(section):
        for _ in range(40):
            log.info("%s", "x" * 100_000)
    names = sorted(path.name for path in place.parent.iterdir())
    assert names == ["recorder.log", "recorder.log.1", "recorder.log.2"]
    assert sum(path.stat().st_size for path in place.parent.iterdir()) <= 3_000_000
    before = place.stat().st_size
    log.warning("after its end")
    assert place.stat().st_size == before


def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="name another place"), log_file(LogSection(file=tmp_path / "file" / "log")):
        pass
