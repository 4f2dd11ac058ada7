"""What a recorder tells of itself: addresses as the kernel has them, and how long the disk lasts."""

import json
import shutil
import subprocess

import pytest

from recorder.addresses import own_addresses
from recorder.device_information import storage_object
from recorder.state import StorageState


@pytest.mark.skipif(not shutil.which("ip"), reason="no iproute2 here")
def test_the_addresses_are_those_that_ip_shows() -> None:
    shown = json.loads(subprocess.run(["ip", "-json", "address"], capture_output=True, check=True).stdout)
    wanted = {
        f"{address['local']} ({link['ifname']})"
        for link in shown
        for address in link["addr_info"]
        if address["scope"] == "global" and not address.get("secondary")
    }
    assert wanted <= set(own_addresses())


def test_neither_loopback_nor_link_local_addresses_are_told() -> None:
    assert not [text for text in own_addresses() if text.startswith(("127.", "169.254.", "::1", "fe80:"))]


@pytest.mark.parametrize(
    ("used", "rate", "fits", "full"),
    [
        (0, 0.0, None, None),
        (0, 1_000_000.0, 20_000, 20_000),
        (15_000_000_000, 1_000_000.0, 20_000, 5_000),
        (19_990_000_000, 1_000_000.0, 20_000, None),
        (21_000_000_000, 1_000_000.0, 20_000, None),
    ],
)
def test_the_forecast_follows_the_present_rate(used: int, rate: float, fits: int | None, full: int | None) -> None:
    storage = StorageState(used_bytes=used, bytes_max=20_000_000_000, written_bytes_per_second=rate)
    told = storage_object(storage)
    assert (told["fits_seconds"], told["full_seconds"]) == (fits, full)
