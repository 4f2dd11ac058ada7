"""Facts to findings: what the doctor says of each, and when it fails."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.licence.decision import DenialCode, Denied, Granted
from gate.licence.features import Feature
from recorder.doctor.finding import Finding, Level, counts_of, exit_status, found, ok
from recorder.doctor.rules.addresses import Address, address_findings
from recorder.doctor.rules.camera import _SENTENCES
from recorder.doctor.rules.clock import ClockFacts, clock_findings, skew_findings
from recorder.doctor.rules.disk import DiskFacts, disk_findings
from recorder.doctor.rules.licence import LicenceFacts, ServiceFacts, licence_findings
from recorder.doctor.rules.machine import (
    Decoders,
    Machine,
    Screen,
    decoder_findings,
    machine_findings,
    screen_findings,
)
from recorder.doctor.rules.permissions import PlaceTrouble, Trouble, permission_findings
from recorder.doctor.rules.software import Library, Software, software_findings
from recorder.ingest.trial import Failure

NOW = datetime(2026, 11, 22, tzinfo=UTC)
AIOHTTP = Library(name="aiohttp", at_least="3.14", tested="3.14.5", version="3.14.5")
SOFTWARE = Software(
    python=(3, 11, 2),
    bits=64,
    architecture="aarch64",
    libraries=(AIOHTTP,),
    opencv_wheels=("opencv-python-headless",),
)
MACHINE = Machine(memory_bytes=4 << 30, memory_available_bytes=3 << 30, files_max=1024, files_hard=1 << 20, root=False)
DISK = DiskFacts(
    folder="/mnt/disk",
    filesystem="ext4",
    kind="ssd",
    total_bytes=10**12,
    free_bytes=9 * 10**11,
    bytes_max=5 * 10**11,
    free_bytes_min=2 * 10**9,
    written_bytes_per_second=200e6,
    sync_seconds_max=0.01,
)
FOUR_CAMERAS = 4 * 4e6 / 8


def levels(findings: object) -> dict[str, Level]:
    return {finding.check: finding.level for finding in findings}  # type: ignore[attr-defined]


def test_a_machine_in_order_has_nothing_but_good_findings() -> None:
    findings = [
        *software_findings(SOFTWARE),
        *machine_findings(MACHINE, cameras=16),
        *screen_findings(Screen(driver="x11", font="NotoSansCJKjp-Bold.otf")),
        *decoder_findings(Decoders(offered=("h264_v4l2m2m",), closed=(), missing=())),
        *disk_findings(DISK, FOUR_CAMERAS, estimated=False),
        *clock_findings(ClockFacts(synchronised=True, keepers=("chronyd",))),
        *permission_findings(()),
        *address_findings(Address(setting="remote.listen", listen="127.0.0.1:8600", state="free")),
    ]
    assert [finding for finding in findings if finding.level != "ok"] == []
    assert exit_status(findings) == 0


@pytest.mark.parametrize(
    ("software", "check", "level"),
    [
        (replace(SOFTWARE, bits=32), "python", "failure"),
        (replace(SOFTWARE, python=(3, 9, 2)), "python", "failure"),
        (replace(SOFTWARE, architecture="riscv64"), "python", "warning"),
        (replace(SOFTWARE, opencv_wheels=("opencv-python", "opencv-python-headless")), "opencv", "warning"),
        (replace(SOFTWARE, libraries=(replace(AIOHTTP, version=None),)), "libraries", "failure"),
        (replace(SOFTWARE, libraries=(replace(AIOHTTP, version="3.9.5"),)), "libraries", "failure"),
        (replace(SOFTWARE, libraries=(replace(AIOHTTP, broken="ImportError libGL.so.1"),)), "libraries", "failure"),
    ],
)
def test_software_that_cannot_work_is_named_with_its_remedy(software: Software, check: str, level: Level) -> None:
    (finding,) = [one for one in software_findings(software) if one.check == check and one.level != "ok"][:1]
    assert finding.level == level and finding.remedy


def test_both_opencv_wheels_are_told_how_to_mend() -> None:
    both = replace(SOFTWARE, opencv_wheels=("opencv-python", "opencv-python-headless"))
    (finding,) = [one for one in software_findings(both) if one.check == "opencv"]
    assert "pip uninstall -y opencv-python opencv-python-headless" in finding.remedy.en
    assert "pip install opencv-python-headless" in finding.remedy.ja


@given(st.lists(st.integers(0, 30), min_size=1, max_size=4), st.lists(st.integers(0, 30), min_size=1, max_size=4))
def test_versions_compare_by_number_and_trailing_zeros_do_not_count(have: list[int], need: list[int]) -> None:
    library = Library(name="a", at_least=".".join(map(str, need)), version=".".join(map(str, have)) + "rc1")
    length = max(len(have), len(need))
    older = have + [0] * (length - len(have)) < need + [0] * (length - len(need))
    findings = list(software_findings(replace(SOFTWARE, libraries=(library,))))
    assert (exit_status(findings) == 1) == older


def test_the_machine_is_judged_by_its_cameras() -> None:
    small = replace(MACHINE, memory_available_bytes=400 << 20)
    assert levels(machine_findings(small, cameras=1))["memory"] == "ok"
    assert levels(machine_findings(small, cameras=32))["memory"] == "warning"
    assert levels(machine_findings(MACHINE, cameras=200))["open_files"] == "warning"
    assert levels(machine_findings(replace(MACHINE, root=True), cameras=1))["user"] == "warning"


@pytest.mark.parametrize(
    ("disk", "check", "level"),
    [
        (replace(DISK, error="Read-only file system"), "disk", "failure"),
        (replace(DISK, free_bytes=10**9), "disk_room", "failure"),
        (replace(DISK, free_bytes=10**9, footage_bytes=10**11), "disk_room", "warning"),
        (replace(DISK, free_bytes=10**11), "disk_room", "hint"),
        (replace(DISK, filesystem="vfat"), "filesystem", "warning"),
        (replace(DISK, filesystem="tmpfs"), "filesystem", "warning"),
        (replace(DISK, written_bytes_per_second=1e6), "disk_speed", "failure"),
        (replace(DISK, written_bytes_per_second=4e6), "disk_speed", "warning"),
        (replace(DISK, sync_seconds_max=3.0), "disk_speed", "warning"),
        (replace(DISK, health="failing"), "disk_health", "failure"),
        (replace(DISK, kind="sd_card", total_bytes=32 * 10**9), "endurance", "warning"),
    ],
)
def test_a_disk_is_judged_by_what_the_cameras_send(disk: DiskFacts, check: str, level: Level) -> None:
    findings = list(disk_findings(disk, FOUR_CAMERAS, estimated=True))
    assert levels(findings)[check] == level
    assert all(finding.about == "/mnt/disk" for finding in findings)


def test_endurance_is_told_in_terabytes_and_years() -> None:
    card = replace(DISK, kind="sd_card", total_bytes=64 * 10**9)
    (finding,) = [one for one in disk_findings(card, 1e6, estimated=False) if one.check == "endurance"]
    assert "31.6 TB a year" in finding.text.en and "0.6 years" in finding.text.en and "SSD" in finding.remedy.en


def test_a_clock_that_nobody_keeps_is_a_warning_and_a_sites_own_is_none() -> None:
    assert levels(clock_findings(ClockFacts(synchronised=False)))["clock"] == "warning"
    assert levels(clock_findings(ClockFacts(synchronised=None)))["clock"] == "hint"
    assert levels(clock_findings(ClockFacts(shared=True, synchronised=None)))["clock"] == "ok"
    assert levels(skew_findings(-3600.0))["clock_skew"] == "warning"
    assert levels(skew_findings(1.4))["clock_skew"] == "ok"


def test_a_taken_address_names_its_holder() -> None:
    taken = Address(setting="remote.listen", listen="127.0.0.1:8600", state="taken", holder="nginx (pid 7)")
    (finding,) = address_findings(taken)
    assert finding.level == "failure" and "nginx (pid 7)" in finding.text.en and "nginx (pid 7)" in finding.text.ja
    assert levels(address_findings(replace(taken, state="own")))["address"] == "ok"
    plain = [one.level for one in address_findings(replace(taken, state="free", plain=True))]
    assert plain == ["ok", "warning"]


def test_each_camera_is_told_how_its_licence_stands() -> None:
    cameras = (
        ("cam1", Granted(until=NOW + timedelta(days=400))),
        ("cam2", Granted(until=NOW + timedelta(days=5))),
        ("cam3", Denied(code=DenialCode.EXPIRED, feature=Feature.RECORDING, camera="cam3", since=NOW)),
    )
    findings = list(licence_findings(LicenceFacts(now=NOW, cameras=cameras), UTC))
    assert [(one.about, one.level) for one in findings] == [("cam1", "ok"), ("cam2", "hint"), ("cam3", "warning")]
    assert "in 5 days" in findings[1].text.en and "残り5日" in findings[1].text.ja
    broken = list(licence_findings(LicenceFacts(now=NOW, broken="root.pub: there is no such key file"), UTC))
    assert exit_status(broken) == 1


@pytest.mark.parametrize(
    ("service", "level"),
    [
        (ServiceFacts(url="https://licence.example"), "ok"),
        (ServiceFacts(url="https://licence.example", error="Connection refused"), "warning"),
        (ServiceFacts(url="https://licence.example", registered=False), "warning"),
        (ServiceFacts(url="https://licence.example", registered=True, connected=False), "warning"),
    ],
)
def test_the_service_is_judged_by_its_answer_and_by_the_running_recorder(service: ServiceFacts, level: Level) -> None:
    assert levels(licence_findings(LicenceFacts(now=NOW, service=service), UTC))["service"] == level


def test_every_trouble_has_its_sentence_and_its_remedy_in_both_languages() -> None:
    assert set(_SENTENCES) == set(get_args(Failure))
    for trouble in get_args(Trouble):
        (finding,) = permission_findings((PlaceTrouble(path="/etc/x", trouble=trouble, mode=0o644),))
        assert finding.level in ("warning", "failure") and finding.remedy.ja and finding.remedy.en


@pytest.mark.parametrize("place", ["/", "/run", "/var/lib", "/mnt"])
def test_no_remedy_gives_a_folder_of_the_whole_machine_to_a_recorder(place: str) -> None:
    (finding,) = permission_findings((PlaceTrouble(path=place, trouble="not_writable"),))
    assert "chown" not in finding.remedy.en + finding.remedy.ja and f"below {place}" in finding.remedy.en
    (finding,) = permission_findings((PlaceTrouble(path="/var/lib/edge/data", trouble="not_makeable"),))
    assert "sudo install -d -m 700 -o $USER /var/lib/edge/data," in finding.remedy.en


@given(st.lists(st.sampled_from(["ok", "hint", "warning", "failure"])))
def test_the_status_is_one_exactly_where_something_failed(given_levels: list[Level]) -> None:
    findings: list[Finding] = [
        ok("a", ja="a", en="a") if level == "ok" else found(level, "a", ("a", "a"), ("b", "b"))
        for level in given_levels
    ]
    assert exit_status(findings) == ("failure" in given_levels)
    assert sum(counts_of(findings).values()) == len(findings)
