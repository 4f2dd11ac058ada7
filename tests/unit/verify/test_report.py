"""The report says the same as the run, in each of its files: what was not run is never good."""

import json
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gate.verify.gallery import PICTURE_BYTES_MAX, PICTURES_MAX, Album, as_jpeg, shots_of
from gate.verify.matrix import TITLES, Cell, Check, Part
from gate.verify.outcome import Outcome
from gate.verify.page import BAND_COLUMNS_MAX, bands_of, render_page
from gate.verify.report import as_json, as_object, write_report
from gate.verify.report_schema import Report
from gate.verify.signature import open_sealed
from gate.verify.timeline import axes_of
from tests.unit.verify.reported import crossed, draw_pictures, run_of, troubled

KEY = Ed25519PrivateKey.generate()
PART = Part(name="snapshot", works=True, evidence={"age_ms": 41})
GOOD = Cell(row="M2", column="term", expected="works", seen="works", began="a", ended="b", parts=[PART])
BAD = Cell(row="M3", column="after X", expected="stops", seen="works", began="a", ended="b", parts=[PART])
UNSEEN = Cell(row="M9", column="after X", expected="stops", seen=None, began="a", ended="b", reason="no answer")


def outcome(*cells: Cell, checks: tuple[Check, ...] = (), trouble: str = "") -> Outcome:
    return Outcome(scenario="odd", file="odd.yaml", cells=list(cells), checks=list(checks), trouble=trouble)


def report_of(*outcomes: Outcome) -> Report:
    return Report.model_validate(json.loads(as_json(run_of(*outcomes))))


def page_of(*outcomes: Outcome) -> str:
    return render_page(report_of(*outcomes), {}, "en", key_sha256="ab" * 32).decode()


def test_a_failed_cell_is_a_failure_and_one_not_run_an_error_never_skipped(tmp_path: Path) -> None:
    checks = (Check(name="cut", row="M2", holds=False, text="too late"),)
    write_report(tmp_path, run_of(outcome(GOOD, BAD, UNSEEN, checks=checks, trouble="the site ended")), KEY, "en")
    root = ElementTree.parse(tmp_path / "junit.xml").getroot()
    suite = root[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("5", "2", "2")
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("5", "2", "2")
    assert [found.get("message") for found in suite.findall("testcase/error")] == ["no answer", "the site ended"]
    assert not suite.findall("testcase/skipped")
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["verdict"] == report["scenarios"][0]["verdict"] == "fail"
    verdicts = {cell["row"]: cell["verdict"] for cell in report["scenarios"][0]["cells"]}
    assert verdicts == {"M2": "pass", "M3": "fail", "M9": "not run"}
    assert report["scenarios"][0]["cells"][0]["parts"][0]["evidence"] == {"age_ms": 41}


def test_junit_xml_is_as_its_readers_want_it_whatever_the_product_says(tmp_path: Path) -> None:
    odd = outcome(UNSEEN, trouble="it said \x00\x1b[31m & <b>\ud800".encode("utf-8", "replace").decode())
    write_report(tmp_path, run_of(crossed(), odd), KEY, "en")
    for suite in ElementTree.parse(tmp_path / "junit.xml").getroot():
        assert re.fullmatch(r"\d+\.\d{3}", suite.get("time", "")) and suite.get("hostname") == "bench-1"
        if suite.get("name") != "odd":
            assert datetime.fromisoformat(suite.get("timestamp", "")).tzinfo is None
        cases = suite.findall("testcase")
        assert len({(case.get("classname"), case.get("name")) for case in cases}) == len(cases)
        assert {child.tag for case in cases for child in case} <= {"system-out", "failure", "error"}


def test_a_run_passes_only_without_trouble_and_with_cells() -> None:
    assert as_object(run_of(outcome(GOOD)))["verdict"] == "pass"
    assert as_object(run_of(outcome(GOOD), outcome(UNSEEN)))["verdict"] == "fail"
    assert as_object(run_of(outcome(GOOD, trouble="the site ended")))["verdict"] == "fail"
    assert as_object(run_of(outcome()))["verdict"] == as_object(run_of())["verdict"] == "fail"


def test_report_json_is_what_its_schema_says_to_the_last_field() -> None:
    written = json.loads(as_json(run_of(crossed(), troubled())))
    report = Report.model_validate(written)
    assert json.loads(report.model_dump_json()) == written
    schema = Report.model_json_schema()
    assert schema["additionalProperties"] is False and set(schema["required"]) == set(written)
    written["scenarios"][0]["cells"][0]["verdict"] = "skipped"
    with pytest.raises(ValidationError):
        Report.model_validate(written)


def test_the_page_needs_nothing_but_itself_and_lets_nothing_run(tmp_path: Path) -> None:
    for one in (crossed(), troubled()):
        draw_pictures(tmp_path, one)
    write_report(tmp_path, run_of(crossed(), troubled()), KEY, "ja")
    page = (tmp_path / "report.html").read_text()
    assert "<script" not in page and "default-src 'none'" in page
    outside = re.findall(r"""(?:src|href)=["']?([^"'\s>]+)""", page)
    assert outside and all(one.startswith(("#", "data:image/jpeg;base64,")) for one in outside)
    assert page.count("data:image/jpeg") == 6
    assert 'id="show-ja" checked' in page and '<html lang="ja">' in page


def test_the_page_says_every_cell_by_words_and_signs() -> None:
    page = page_of(troubled())
    cells = re.findall(r'<td class="([a-z-]+)[^"]*"><a href="#([^"]+)"><span class="sign"[^>]*>(.)</span>', page)
    by_place = {place: (verdict, sign) for verdict, place, sign in cells}
    assert len(by_place) == 27
    after = {row: by_place[next(place for place in by_place if place.startswith("s1-after") and place.endswith(row))]
             for row in TITLES}  # fmt: skip
    assert (after["M1"], after["M5"]) == (("pass", "○"), ("pass", "×"))
    assert (after["M2"], after["M3"], after["M4"]) == (("fail", "△"), ("fail", "○"), ("not-run", "–"))
    assert all(f'id="{place}"' in page for place in by_place)
    assert "the monitor&#39;s picture cannot be decoded" in page and "&lt;script&gt;" in page


def test_nothing_that_a_product_or_a_file_says_becomes_part_of_the_page() -> None:
    hostile = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'"
    one = crossed(hostile)
    part = Part(name=hostile, works=False, evidence={hostile: hostile, "picture": f"{hostile}.png"})
    one.cells.append(replace(GOOD, column=hostile, seen=None, reason=hostile, parts=[part]))
    one.checks.append(Check(name=hostile, row="M1", holds=None, text=hostile))
    one.file = one.source = one.trouble = hostile
    one.steps[0] = replace(one.steps[0], kind=hostile, argument={"a": hostile})
    page = page_of(one)
    assert "<script" not in page and "<img src=x" not in page and "&lt;script&gt;" in page


def test_no_picture_is_taken_from_where_a_product_points_to(tmp_path: Path) -> None:
    (tmp_path / "private.png").write_bytes(b"private")
    one = crossed()
    part = Part(name="device information", works=True, evidence={"model": "../../private.png"})
    one.cells.append(replace(GOOD, row="M9", parts=[part]))
    draw_pictures(tmp_path / "report", one)
    write_report(tmp_path / "report", run_of(one), KEY, "ja")
    listed = open_sealed((tmp_path / "report" / "signature.json").read_bytes()).signed.files
    assert not [file.name for file in listed if "private" in file.name]


def test_a_crossing_is_drawn_around_x_and_what_came_back_from_the_licence_on() -> None:
    expiry, licence = axes_of(report_of(crossed()).scenarios[0])
    assert (expiry.origin, expiry.at, [lane.name for lane in expiry.lanes]) == (
        "expiry", "2027-12-31T15:00:00.000+00:00", ["live view of cam1", "recording of cam1"],
    )  # fmt: skip
    assert [(moment.mark, moment.ms, moment.code) for moment in expiry.lanes[0].moments] == [
        ("picture", -64.8, None), ("media", -62.9, None), ("close", 22.0, 4403),
    ]  # fmt: skip
    assert expiry.percent(0) == 50 and 0 < expiry.percent(-64.8) < 50 < expiry.percent(22.0) < 100
    assert (licence.origin, licence.lanes[0].moments[0].ms) == ("licence", 111.7)
    assert 0 < licence.percent(0) < licence.percent(111.7) < 100


@given(st.lists(st.floats(-60_000, 60_000), min_size=1, max_size=6), st.sampled_from(["last_media_ms", "after_ms"]))
def test_every_moment_is_drawn_within_its_axis_and_in_its_order(moments_ms: list[float], field: str) -> None:
    outcome = crossed()
    outcome.checks = [
        Check(name=f"stream {at}", row="M2", holds=True, text="", evidence={field: ms}, step=2)
        for at, ms in enumerate(moments_ms)
    ]
    (axis,) = axes_of(report_of(outcome).scenarios[0])
    places = [axis.percent(ms) for ms in sorted(moments_ms)]
    assert places == sorted(places) and all(0 <= place <= 100 for place in places)
    assert all(0 <= axis.percent(tick) <= 100 for tick in axis.ticks_ms) and 0.0 in axis.ticks_ms
    assert axis.origin == "licence" or axis.percent(0) == 50


def test_moments_belong_to_the_crossing_they_were_found_in() -> None:
    twice = crossed()
    steps = [*twice.steps, *twice.steps]
    twice.steps = [type(one)(**{**_fields(one), "number": at}) for at, one in enumerate(steps, 1)]
    twice.checks += [type(one)(**{**_fields(one), "step": one.step + 5}) for one in twice.checks if one.step]
    twice.crossings.append("2028-12-31T15:00:00.000+00:00")
    axes = axes_of(report_of(twice).scenarios[0])
    assert [(axis.origin, axis.at) for axis in axes] == [
        ("expiry", "2027-12-31T15:00:00.000+00:00"), ("licence", None),
        ("expiry", "2028-12-31T15:00:00.000+00:00"), ("licence", None),
    ]  # fmt: skip
    assert [len(axis.lanes) for axis in axes] == [2, 1, 2, 1]


def _fields(one: object) -> dict[str, object]:
    return {name: getattr(one, name) for name in type(one).__dataclass_fields__}  # type: ignore[attr-defined]


def test_screens_are_shown_where_something_else_is_expected_than_before() -> None:
    shots = shots_of(report_of(crossed()).scenarios[0])
    assert [(shot.column, shot.refusal) for shot in shots] == [
        ("term", None), ("after X", "EXPIRED · 4403"), ("restored", None),
    ]  # fmt: skip


def test_wide_matrices_become_several_tables_and_no_column_is_lost() -> None:
    report = report_of(*(crossed(f"run {number}") for number in range(5)))
    bands = bands_of(report)
    assert all(sum(map(len, band)) <= BAND_COLUMNS_MAX for band in bands)
    columns = [(column.number, column.name) for band in bands for group in band for column in group]
    assert columns == [(number, name) for number in range(1, 6) for name in ("term", "after X", "restored")]


def test_pictures_of_a_page_are_bounded_in_size_and_number(tmp_path: Path) -> None:
    import cv2
    import numpy as np

    noise = np.random.default_rng(1).integers(0, 255, (1080, 1920, 3), np.uint8)
    png = cv2.imencode(".png", noise)[1].tobytes()
    small = as_jpeg(png)
    assert 0 < len(small) <= PICTURE_BYTES_MAX
    assert cv2.imdecode(np.frombuffer(small, np.uint8), cv2.IMREAD_COLOR).shape[1] == 640
    tiny = cv2.imencode(".png", noise[:8, :8])[1].tobytes()
    album = Album({f"{number}.png": tiny for number in range(PICTURES_MAX + 3)} | {"torn.png": b"\x89PNG"})
    assert album.uri("torn.png") == album.uri("missing.png") == ""
    assert sum(bool(album.uri(f"{number}.png")) for number in range(PICTURES_MAX + 3)) == PICTURES_MAX - 1
    assert album.left_out == 4
