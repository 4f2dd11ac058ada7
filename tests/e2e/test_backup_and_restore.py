"""A recorder that runs is backed up, destroyed and put back: it plays all it had, its licence holds, it records on."""

import asyncio
import hashlib
import json
import shutil
from pathlib import Path

from tests.e2e.demo_site import run_command
from tests.e2e.footage import complaints, segment_files
from tests.e2e.lone_recorder import LoneRecorder
from tests.fakes import gst_server

PASSPHRASE = "correct horse battery"


def digests(data_dir: Path) -> dict[str, str]:
    """Every file of footage."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in segment_files(data_dir, "cam1")}


async def test_a_running_recorder_is_backed_up_destroyed_and_put_back(tmp_path: Path) -> None:
    root, clip, out = tmp_path / "site", tmp_path / "clip.mp4", tmp_path / "rec-1.backup"
    root.mkdir()
    await asyncio.to_thread(gst_server.make_clip, clip, seconds=10)
    secret = tmp_path / "passphrase"
    secret.write_text(PASSPHRASE)
    sealed = ("--passphrase-file", str(secret))
    recorder = LoneRecorder(root, {"cam1": f"file:{clip}"}, segment_seconds=2)
    await recorder.license()
    await recorder.start()
    await recorder.segments(3, seconds=40)
    made = json.loads(
        await run_command("backup", str(recorder.config), "--out", str(out), "--with-footage", *sealed, "--json")
    )
    assert made["segments"] >= 2 and out.stat().st_mode & 0o777 == 0o600
    key = (recorder.data_dir / "device.key").read_bytes()
    assert await recorder.stop() == 0
    footage = digests(recorder.data_dir)
    shutil.rmtree(root)

    put = json.loads(await run_command("restore", str(out), "--into", str(recorder.config), *sealed, "--json"))
    assert put["segments"] == made["segments"]
    restored = segment_files(recorder.data_dir, "cam1")
    assert digests(recorder.data_dir).items() <= footage.items()
    assert (recorder.data_dir / "device.key").read_bytes() == key
    await recorder.start()
    state = await recorder.state()
    assert state["cameras"][0]["licence"]["state"] == "active"
    await recorder.segments(len(restored) + 1, seconds=40)
    assert await recorder.stop() == 0
    files = segment_files(recorder.data_dir, "cam1")
    assert set(restored) < set(files)
    assert [complaints(path) for path in files] == [""] * len(files)
    checked = json.loads(await run_command("index", "check", str(recorder.data_dir), "--deep", "--json"))
    assert checked["agrees"] is True
