"""`edge-recorder export verify`: valid, altered or of another device, in the file, beside it, in a ZIP, offline."""

import json
import zipfile
from pathlib import Path

import pytest

from gate.signing.identity import open_identity
from recorder.cli import main
from recorder.exports.export import Export
from tests.component.exports.exporting import Exporting


@pytest.fixture
def key(exporting: Exporting) -> str:
    return str(exporting.data_dir / "device.pub")


async def exported(exporting: Exporting) -> tuple[Export, Path]:
    export = await exporting.made(2.5, 24)
    return export, exporting.paths(export)[0]


def verdicts(capsys: pytest.CaptureFixture[str], *words: str | Path, status: int = 0) -> list[str]:
    assert main(["export", "verify", *map(str, words), "--json"]) == status
    return [one["verdict"] for one in json.loads(capsys.readouterr().out)["files"]]


async def test_a_file_is_valid_by_itself_and_by_its_device(
    exporting: Exporting, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _, path = await exported(exporting)
    hex_key = open_identity(exporting.data_dir).public_key.public_bytes_raw().hex()
    for words in ((), ("--device-key", key), ("--device-key", hex_key)):
        assert verdicts(capsys, path, *words) == ["valid"]
    assert main(["export", "verify", str(path)]) == 0
    told = capsys.readouterr().out
    assert "valid" in told and "97 pictures" in told and "licence" in told and "tester" in told


async def test_the_manifest_says_what_was_asked_for_what_there_is_and_why_the_rest_is_missing(
    exporting: Exporting, capsys: pytest.CaptureFixture[str]
) -> None:
    export, path = await exported(exporting)
    assert main(["export", "verify", str(path), "--json"]) == 0
    manifest = json.loads(capsys.readouterr().out)["files"][0]["manifest"]
    assert manifest["requested"] == {
        "cameras": ["cam1"],
        "stream": "main",
        "from": "2026-01-01T00:00:02.500+00:00",
        "to": "2026-01-01T00:00:24.000+00:00",
    }
    assert manifest["gaps"] == [
        {
            "camera": "cam1",
            "start": "2026-01-01T00:00:09.000+00:00",
            "end": "2026-01-01T00:00:20.000+00:00",
            "reason": "licence",
        }
    ]
    assert [file["sha256"] for file in manifest["files"]] == [file.sha256 for file in export.files]
    assert manifest["licence"]["cameras"][0]["state"] == "active"
    assert manifest["licence"]["entitlement"]["seq"] == exporting.seq
    assert (manifest["asked_by"], manifest["device"]["id"], manifest["clock"]["source"]) == ("tester", "rec-1", "wall")


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9, -30, "longer", "shorter"])
async def test_one_byte_changed_anywhere_is_seen(
    exporting: Exporting, capsys: pytest.CaptureFixture[str], tmp_path: Path, place: float | str
) -> None:
    _, path = await exported(exporting)
    content = bytearray(path.read_bytes())
    if place == "longer":
        content += b"\0\0\0\x08free"
    elif place == "shorter":
        del content[-100:]
    else:
        at = int(place) if isinstance(place, int) else int(len(content) * float(place))
        content[at] ^= 1
    (tmp_path / "changed.mp4").write_bytes(content)
    (verdict,) = verdicts(capsys, tmp_path / "changed.mp4", status=1)
    assert verdict in ("altered", "no_manifest")
    manifest = exporting.exporter.path(path.parent.name, "manifest.json")
    if place in (0.1, 0.5, "longer", "shorter"):
        assert verdicts(capsys, tmp_path / "changed.mp4", "--manifest", manifest, status=1) == ["altered"]


async def test_another_devices_file_is_told_from_ones_own(
    exporting: Exporting, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    _, path = await exported(exporting)
    (tmp_path / "other").mkdir()
    open_identity(tmp_path / "other")
    assert verdicts(capsys, path, "--device-key", tmp_path / "other" / "device.pub", status=1) == ["wrong_device"]


async def test_a_zip_must_have_every_file_of_its_manifest(
    exporting: Exporting, capsys: pytest.CaptureFixture[str], tmp_path: Path, key: str
) -> None:
    export, _ = await exported(exporting)
    paths = [*exporting.paths(export), exporting.exporter.path(export.order.id, "manifest.json")]
    for name, taken in (("whole.zip", paths), ("part.zip", paths[1:]), ("bare.zip", paths[:2])):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for path in taken:
                archive.write(path, path.name)
    assert verdicts(capsys, tmp_path / "whole.zip", "--device-key", key) == ["valid", "valid"]
    assert sorted(verdicts(capsys, tmp_path / "part.zip", status=1)) == ["altered", "valid"]
    assert verdicts(capsys, tmp_path / "bare.zip", status=1) == ["no_manifest"]


def test_what_is_no_export_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text.mp4").write_bytes(b"hello")
    assert verdicts(capsys, tmp_path / "text.mp4", status=1) == ["no_manifest"]
    assert main(["export", "verify", str(tmp_path / "gone.mp4")]) == 2
    assert "cannot be read" in capsys.readouterr().err
    assert main(["export", "verify", str(tmp_path / "text.mp4"), "--device-key", str(tmp_path / "no.pub")]) == 2
