"""Which pictures a page shows, and how they get into it. Choosing is pure; coding costs milliseconds each."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from gate.verify.matrix import Expected, Row
from gate.verify.report_schema import ReportedCell, ReportedScenario

SHOTS_MAX = 4
"""Columns of a scenario whose screens are shown side by side."""
PICTURES_MAX = 60
"""Of a whole page; those that are looked at last are left out, and counted."""
PICTURE_WIDTH_MAX = 640
PICTURE_BYTES_MAX = 120_000
_QUALITIES = (80, 65, 50, 35)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """The screens in one column. `monitor`, `remote`, `browser`: names of pictures; `refusal`: what came instead of a
    remote picture."""

    column: str
    at: str
    monitor: str | None
    notice: str | None
    remote: str | None
    browser: str | None
    refusal: str | None


def shots_of(scenario: ReportedScenario) -> list[Shot]:
    """The columns in which something else is expected than in the one before: before, after, restored."""
    chosen: list[Shot] = []
    expected_before: Mapping[Row, Expected] | None = None
    for name in dict.fromkeys(cell.column for cell in scenario.cells):
        cells = {cell.row: cell for cell in scenario.cells if cell.column == name}
        expected = {row: cell.expected for row, cell in cells.items()}
        browser = next((screen.picture for screen in scenario.screens if screen.column == name), None)
        shot = _shot(name, cells, browser)
        if expected != expected_before and (shot.monitor or shot.remote or shot.browser):
            chosen.append(shot)
            expected_before = expected
    return chosen[:SHOTS_MAX]


def _shot(column: str, cells: Mapping[Row, ReportedCell], browser: str | None) -> Shot:
    remote = cells.get("M2")
    denials = [part.evidence for part in remote.parts if part.evidence.get("denial")] if remote else []
    refusal = None
    if denials:
        close = next((one["close"] for one in denials if one.get("close")), None)
        refusal = str(denials[0]["denial"]) + (f" · {close}" if close else "")
    return Shot(
        column=column,
        at=min(cell.began for cell in cells.values()),
        monitor=_picture(cells.get("M1"), "picture"),
        notice=_picture(cells.get("M7"), "picture"),
        remote=_picture(remote, "picture"),
        browser=browser,
        refusal=refusal,
    )


def _picture(cell: ReportedCell | None, field: str) -> str | None:
    parts = cell.parts if cell is not None else ()
    return next((str(part.evidence[field]) for part in parts if part.evidence.get(field)), None)


class Album:
    """Pictures of a page, each coded once, as many as there is room for. `left_out`: those there was none for."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files
        self._coded: dict[str, str] = {}
        self.left_out = 0

    def uri(self, name: str) -> str:
        """A data URI of the file of that name; empty if there is none, or no room."""
        if name in self._coded:
            return self._coded[name]
        if name not in self._files:
            return ""
        if len(self._coded) >= PICTURES_MAX:
            self.left_out += 1
            return ""
        coded = as_jpeg(self._files[name])
        self._coded[name] = f"data:image/jpeg;base64,{base64.b64encode(coded).decode()}" if coded else ""
        return self._coded[name]


def as_jpeg(picture: bytes) -> bytes:
    """A PNG or JPEG, no wider and no larger than the bounds; empty if it is no picture."""
    found = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR) if picture else None
    if found is None:
        return b""
    height, width = found.shape[:2]
    if width > PICTURE_WIDTH_MAX:
        size = (PICTURE_WIDTH_MAX, round(height * PICTURE_WIDTH_MAX / width))
        found = cv2.resize(found, size, interpolation=cv2.INTER_AREA)
    return _smallest(found, _QUALITIES)


def _smallest(picture: cv2.typing.MatLike, qualities: Sequence[int]) -> bytes:
    coded = b""
    for quality in qualities:
        coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
        if len(coded) <= PICTURE_BYTES_MAX:
            break
    return coded
