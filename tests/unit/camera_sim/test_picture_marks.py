"""Marks: what is written into a picture is read from it again."""

import uuid

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_sim import barcode
from camera_sim.marks import MARK_UUID, PictureMark, build_sei, parse_sei

marks = st.builds(
    PictureMark,
    camera=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,15}", fullmatch=True),
    stream=st.sampled_from(("main", "sub")),
    n=st.integers(0, 2**64 - 1),
    counter=st.integers(0, 2**64 - 1) | st.just(0),
    utc_us=st.integers(0, 2**64 - 1),
    state=st.sampled_from(("idle", "motion")),
    crc32=st.integers(0, 2**32 - 1),
)


@given(marks)
def test_a_mark_survives_its_sei_with_and_without_start_code(mark: PictureMark) -> None:
    nal = build_sei(mark)
    assert parse_sei(nal) == parse_sei(b"\0\0\0\1" + nal) == mark
    assert b"\0\0\0" not in nal and b"\0\0\1" not in nal and b"\0\0\2" not in nal


def test_the_sei_has_the_bytes_of_the_protocol() -> None:
    mark = PictureMark(camera="cam1", stream="sub", n=0x01020304, counter=5, utc_us=7, state="idle", crc32=0x0A0B0C0D)
    plain = build_sei(mark).replace(b"\0\0\3", b"\0\0")
    assert plain[:3] == bytes((6, 5, 16 + 62))
    assert plain[3:19] == uuid.UUID("9a2b4c6d-5e7f-4a1b-8c3d-ed9e5eca3e1a").bytes
    assert plain[19:37] == b"\x01cam1" + bytes(12) + b"\x01"
    assert plain[37:45] == bytes.fromhex("0000000001020304")
    assert plain[-5:] == bytes.fromhex("0a0b0c0d80")


@given(st.binary(max_size=120) | st.binary(max_size=90).map(lambda data: MARK_UUID + data))
def test_anything_else_is_no_mark(data: bytes) -> None:
    found = parse_sei(data)
    assert found is None or data.startswith(MARK_UUID)


@given(st.integers(0, 4095), st.sampled_from(((160, 90), (320, 180), (640, 360), (852, 480), (1280, 720))))
def test_the_barcode_is_read_back_at_every_size_noise_included(value: int, size: tuple[int, int]) -> None:
    width, height = size
    luma = np.full((height, width), 120, np.uint8)
    barcode.draw(luma, value)
    noisy = np.clip(luma + np.random.default_rng(value).normal(0, 8, luma.shape), 0, 255).astype(np.uint8)
    assert barcode.read(noisy) == value


def test_the_barcode_lies_where_the_protocol_says() -> None:
    luma = np.full((360, 640), 100, np.uint8)
    barcode.draw(luma, 0b100000_000001)
    squares = luma[345, 15 : 10 * 19 : 10] > 128
    assert squares.tolist() == [True, False, True] + [False] * 10 + [True, True, True, False, True]
    assert luma[:340].max() == luma[350:].max() == luma[345, :10].max() == luma[345, 190:].max() == 100
    assert [barcode.square(width) for width in (96, 160, 320, 640, 854, 1280, 1920)] == [4, 4, 6, 10, 14, 20, 30]


@pytest.mark.parametrize("cell", range(2, 16))
def test_one_wrong_square_makes_the_barcode_unreadable(cell: int) -> None:
    luma = np.full((360, 640), 100, np.uint8)
    barcode.draw(luma, 0b010110_111001)
    part = luma[340:350, 10 * (1 + cell) : 10 * (2 + cell)]
    part[:] = 251 - part
    assert barcode.read(luma) is None


@pytest.mark.parametrize("shape", [(90, 160), (8, 8), (360, 640)])
def test_no_barcode_is_seen_where_there_is_none(shape: tuple[int, int]) -> None:
    random = np.random.default_rng(1).integers(60, 190, shape).astype(np.uint8)
    assert barcode.read(np.asarray(cv2.GaussianBlur(random, (0, 0), 2), np.uint8)) is None
