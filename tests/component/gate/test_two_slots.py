"""The last good content survives whatever happens to its files, and to the process that writes them."""

import os
import stat
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from gate.signing.two_slots import SLOT_BYTES_MAX, TwoSlots

STEPS_MAX = 200
KILLED = 9


@pytest.fixture
def slots(tmp_path: Path) -> TwoSlots:
    return TwoSlots(tmp_path / "licence", "entitlement")


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*entitlement*"))


def test_nothing_is_there_at_first(slots: TwoSlots, tmp_path: Path) -> None:
    assert slots.load() == [] and not (tmp_path / "licence").exists()


def test_the_newest_comes_first_and_the_one_before_is_kept(slots: TwoSlots, tmp_path: Path) -> None:
    for content in (b"one", b"two", b"three\nlines\n", b""):
        slots.store(content)
        assert slots.load()[0] == content
    assert slots.load() == [b"", b"three\nlines\n"]
    assert [path.name for path in files(tmp_path)] == ["entitlement.a", "entitlement.b"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files(tmp_path)} == {0o600}


@pytest.mark.parametrize("damage", ["cut short", "one bit", "emptied", "header", "oversized", "removed", "directory"])
def test_a_torn_slot_is_passed_over_and_then_written_anew(slots: TwoSlots, tmp_path: Path, damage: str) -> None:
    slots.store(b"one")
    slots.store(b"two, a little longer")
    newest = next(path for path in files(tmp_path) if b"two" in path.read_bytes())
    content = newest.read_bytes()
    match damage:
        case "cut short":
            newest.write_bytes(content[:-1])
        case "one bit":
            newest.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        case "emptied":
            newest.write_bytes(b"")
        case "header":
            newest.write_bytes(content.replace(b" 2 ", b" 9 "))
        case "oversized":
            newest.write_bytes(content + b" " * SLOT_BYTES_MAX)
        case _:
            newest.unlink()
    if damage == "directory":
        newest.mkdir()
    assert slots.load() == [b"one"]
    if damage != "directory":
        slots.store(b"three")
        assert slots.load() == [b"three", b"one"]


def killed_at(step: int, slots: TwoSlots, content: bytes) -> bool:
    """Stores in a child process that dies before the so-manieth line of the code that writes; whether it got there."""
    child = os.fork()
    if child == 0:
        left = step

        def trace(frame: FrameType, event: str, _: Any) -> Any:
            nonlocal left
            if not frame.f_code.co_filename.endswith(("two_slots.py", "signing/files.py")):
                return None
            if event == "line":
                left -= 1
                if left == 0:
                    os._exit(KILLED)
            return trace

        sys.settrace(trace)
        slots.store(content)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == KILLED


def test_killed_at_each_step_of_a_write_the_old_or_the_new_content_is_there(tmp_path: Path) -> None:
    seen = set()
    for step in range(1, STEPS_MAX):
        slots = TwoSlots(tmp_path / f"step-{step}", "entitlement")
        for content in (b"one", b"two", b"three"):
            slots.store(content)
        killed = killed_at(step, slots, b"four")
        found = slots.load()
        assert found[0] in (b"three", b"four"), f"at step {step}"
        assert b"three" in found, "the newest was written over"
        seen.add(found[0])
        slots.store(b"five")
        assert slots.load()[0] == b"five"
        assert len(files(tmp_path / f"step-{step}")) == 2, "a part of the write was left behind"
        if not killed:
            assert found[0] == b"four" and step > 10, "the test killed nothing"
            break
    else:
        pytest.fail("the write has more steps than the test takes")
    assert seen == {b"three", b"four"}


def test_a_disk_that_is_full_leaves_both_slots(slots: TwoSlots, monkeypatch: pytest.MonkeyPatch) -> None:
    slots.store(b"one")
    slots.store(b"two")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            slots.store(b"three")
    assert slots.load() == [b"two", b"one"]
