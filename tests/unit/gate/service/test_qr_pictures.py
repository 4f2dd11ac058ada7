"""Pictures that people or attackers upload: sizes are known before anything is decoded, and nothing raises."""

import cv2
import numpy as np
import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from gate.service.portal import qr_reading
from gate.service.portal.qr_reading import PIXELS_MAX, picture_size, read_qr


def png_of(width: int, height: int) -> bytes:
    """The header of a picture of that size."""
    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    return b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + size + b"\x08\x00\x00\x00\x00"


@given(width=st.integers(1, 200), height=st.integers(1, 200), kind=st.sampled_from([".png", ".jpg"]))
def test_the_size_of_a_picture_is_read_from_its_header(width: int, height: int, kind: str) -> None:
    done, encoded = cv2.imencode(kind, np.zeros((height, width, 3), dtype=np.uint8))
    assert done and picture_size(encoded.tobytes()) == (width, height)


def test_a_picture_that_promises_too_many_pixels_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    def decode(*_: object) -> None:
        raise AssertionError("it was decoded")

    monkeypatch.setattr(qr_reading.cv2, "imdecode", decode)
    assert read_qr(png_of(PIXELS_MAX, 2)) is None and read_qr(png_of(0, 5)) is None
    with pytest.raises(AssertionError, match="it was decoded"):
        read_qr(png_of(1000, 1000))


@given(st.binary(max_size=400) | st.binary(max_size=60).map(lambda tail: b"\xff\xd8" + tail))
def test_bytes_that_are_no_picture_are_none(picture: bytes) -> None:
    assert read_qr(picture) is None


@pytest.mark.parametrize("degrees", [-20, 0, 35, 90, 180])
@pytest.mark.parametrize("module_pixels", [4, 10])
def test_a_code_is_read_at_any_angle_in_a_small_or_large_picture(degrees: int, module_pixels: int) -> None:
    rows = segno.make("EDGE1:ER250301-0042/ER-4/edge/2025-03-01/ABCD2345EFGH/" + "5a" * 32, error="m").matrix
    modules = np.array([[255 - 255 * bit for bit in row] for row in rows], dtype=np.uint8)
    code = np.kron(np.pad(modules, 12, constant_values=255), np.ones((module_pixels, module_pixels), dtype=np.uint8))
    side = code.shape[0]
    turned = cv2.warpAffine(
        code, cv2.getRotationMatrix2D((side / 2, side / 2), degrees, 1), (side, side), borderValue=(200, 200, 200)
    )
    text = read_qr(cv2.imencode(".jpg", turned)[1].tobytes())
    assert text is not None and text.startswith("EDGE1:ER250301-0042/")
