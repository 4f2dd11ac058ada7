"""A device has a key of its own from its first start, and proves it without giving it away."""

import os
import stat
from pathlib import Path

import pytest

from gate.client.errors import DeviceKeyError
from gate.client.licensing import open_licensing
from gate.clock import SimulatedClock
from gate.signing.identity import DeviceIdentity, open_identity, proves, sha256_of
from gate.signing.keys import load_root_key, open_keys
from tests.fakes.entitlements import NEW_YEAR


def test_the_first_start_makes_a_private_key(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        identity = open_identity(tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "device.key").stat().st_mode) == 0o600
    assert sha256_of(load_root_key(tmp_path / "device.pub")) == identity.sha256 and len(identity.sha256) == 64


def test_a_restart_keeps_it_and_another_device_has_another(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    assert open_identity(tmp_path).sha256 == open_identity(tmp_path).sha256 != open_identity(tmp_path / "other").sha256


def test_proof_of_possession(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    identity, other = open_identity(tmp_path), open_identity(tmp_path / "other")
    challenge = b"c" * 32
    assert proves(identity.prove(challenge), challenge, identity.public_key)
    assert not proves(identity.prove(challenge), b"d" * 32, identity.public_key), "an old proof"
    assert not proves(other.prove(challenge), challenge, identity.public_key), "somebody else's"
    assert not proves(b"", challenge, identity.public_key)


@pytest.mark.parametrize("length", [0, 15, 257])
def test_a_challenge_has_a_length(tmp_path: Path, length: int) -> None:
    with pytest.raises(ValueError, match="16 to 256"):
        open_identity(tmp_path).prove(b"c" * length)


def test_the_key_does_not_show(tmp_path: Path) -> None:
    identity = open_identity(tmp_path)
    assert "PRIVATE" not in repr(identity) + repr(vars(identity))
    assert isinstance(identity, DeviceIdentity)


@pytest.mark.parametrize("trouble", ["readable by others", "damaged", "lost"])
def test_a_key_in_trouble_gets_one_sentence(tmp_path: Path, trouble: str) -> None:
    open_keys(tmp_path)
    data_dir = tmp_path / "data"

    def start() -> None:
        open_licensing(
            clock=SimulatedClock(NEW_YEAR),
            data_dir=data_dir,
            device_id="rec-1",
            cameras=["cam1"],
            path=tmp_path / "licence.json",
            root_key=tmp_path / "root.pub",
        )

    data_dir.mkdir()
    open_identity(data_dir)
    match trouble:
        case "readable by others":
            (data_dir / "device.key").chmod(0o644)
        case "damaged":
            (data_dir / "device.key").write_bytes(b"")
        case _:
            (data_dir / "device.key").unlink()
    with pytest.raises(DeviceKeyError, match=r"device\.(key|pub)"):
        start()
