"""The verifier's own reading of numbers in pictures, against what the simulator writes."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_sim import barcode
from camera_sim.marks import PictureMark, build_sei
from gate.verify.marks import barcodes_in, marks_in

numbers = st.integers(0, 2**63)


@given(numbers, numbers, numbers, st.integers(0, 2**32 - 1))
def test_a_mark_is_read_wherever_it_lies_whatever_its_numbers(n: int, counter: int, utc_us: int, crc32: int) -> None:
    mark = PictureMark(camera="cam1", stream="main", n=n, counter=counter, utc_us=utc_us, state="idle", crc32=crc32)
    (read,) = marks_in(b"\0\0\0\1junk" + build_sei(mark) + b"\0\0\3more")
    assert (read.camera, read.number, read.counter, read.utc_us, read.state) == ("cam1", n, counter, utc_us, "idle")


def test_a_mark_that_breaks_off_is_left_out_and_those_before_it_are_not() -> None:
    mark = PictureMark(camera="cam1", stream="main", n=7, counter=1, utc_us=9, state="idle", crc32=3)
    data = build_sei(mark)
    assert [one.number for one in marks_in(data + data[:-20])] == [7]
    assert list(marks_in(b"")) == []


@given(value=st.integers(0, 4095), scale=st.floats(0.8, 2.5), ground=st.integers(0, 255))
def test_a_barcode_is_read_in_any_size_and_place_on_any_ground(value: int, scale: float, ground: int) -> None:
    picture = np.full((360, 640), ground, np.uint8)
    barcode.draw(picture, value)
    screen = np.full((1000, 1700), 30, np.uint8)
    scaled = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    screen[40 : 40 + scaled.shape[0], 60 : 60 + scaled.shape[1]] = scaled
    assert [one.value for one in barcodes_in(screen)] == [value]


@pytest.mark.parametrize("ground", [0, 128, 255])
def test_there_is_no_barcode_where_none_is(ground: int) -> None:
    assert barcodes_in(np.full((360, 640), ground, np.uint8)) == []
    stripes = np.tile(np.repeat(np.array([0, 255], np.uint8), 10), (360, 32))
    assert barcodes_in(stripes) == []
