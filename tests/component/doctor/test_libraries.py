"""Every library is really loaded once, in a process of its own."""

from pathlib import Path

import pytest

from recorder.doctor.facts import software


def test_every_library_that_is_needed_is_known_by_its_module() -> None:
    libraries = software.look_at_software().libraries
    assert len(libraries) > 20
    assert [(one.name, one.version, one.broken) for one in libraries if one.version is None or one.broken] == []


def test_a_library_that_ends_the_process_is_named_and_the_others_are_still_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "crashing.py").write_text("import os\nos.abort()\n")
    (tmp_path / "missing_part.py").write_text("import no_such_module\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    broken = software._broken(["json", "crashing", "missing_part"])
    assert set(broken) == {"crashing", "missing_part"}
    assert "ended Python" in broken["crashing"] and "no_such_module" in broken["missing_part"]
