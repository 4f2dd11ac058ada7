"""`report.html`: one file, without network and without script, in both languages; made from what report.json says."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

import jinja2
from markupsafe import Markup, escape

from gate.verify.gallery import Album, shots_of
from gate.verify.matrix import ROWS, TITLES, Row, part_word
from gate.verify.report_schema import Report, ReportedCell, ReportedCheck, ReportedScenario
from gate.verify.timeline import HEADS, axes_of
from gate.verify.words import LANGUAGES, Language, in_language, text_of

BAND_COLUMNS_MAX = 8
"""More columns stand in a table of their own, below."""
EVIDENCE_CHARACTERS_MAX = 160
SIGNS: Mapping[str | None, str] = {"works": "○", "stops": "×", "mixed": "△", None: "–"}
LOOKED_AT: Mapping[Row, str] = {
    "M1": "Pictures of the monitor's output: each camera's barcode is there, is fresh, and changes.",
    "M2": "A live WebSocket whose pictures decode; a preset that turns the camera itself; a snapshot; a download that "
    "plays.",
    "M3": "The newest file on the recorder's disk: the camera's own time in its last picture.",
    "M4": "The monitor in playback: a picture of a known past stretch stands on the screen.",
    "M5": "The same stretch as HLS: its pictures decode, numbered without a hole; the timeline finds it.",
    "M6": "Footage taken off the camera's SD card while the licence service is stopped: every picture decodes.",
    "M7": "The monitor standing still, an event made to happen: something appears on it.",
    "M8": "The same event on the WebSocket of events, at a webhook, a broker (MQTT) and in a mail; its picture.",
    "M9": "Device information; an operation whose effect is seen on the monitor.",
}
STEPS: Mapping[str, str] = {
    "advance": "time moves on by {argument}",
    "to": "time moves on to {argument}",
    "to-expiry": "to {argument} before the expiry X",
    "to-end": "to {argument} before the last licence ends",
    "cross": "across X in real time, until {argument} after it",
    "renew": "the partner allocates a licence of {months} months for each camera",
    "allocate": "the partner allocates {count} licences of {months} months",
    "assign": "the customer gives {camera} a licence of {months} months",
    "move": "the licence of {from} is moved to {to}",
    "hold": "{camera} held on purpose: {held}",
    "release": "the licence of {camera} is released",
    "service": "the licence service: {argument}",
    "clock": "the recorder's clock: {argument}",
    "fault": "{camera} has a fault: {kind} for {for}",
    "assert": "looking: {column}",
}
_ZONE = ZoneInfo("Asia/Tokyo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of the matrix; `number` is its scenario's."""

    number: int
    scenario: str
    name: str
    cells: Mapping[Row, ReportedCell]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many cells and checks there are by their verdicts."""

    passed: int
    failed: int
    not_run: int


def render_page(report: Report, pictures: Mapping[str, bytes], language: Language, *, key_sha256: str) -> bytes:
    """The whole file. `pictures`: by their names below the report's folder; `language`: in which it begins."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("gate.verify", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"clock": clock_text, "duration": duration_text, "ms": ms_text, "value": value_text}
    album = Album(pictures)
    page = environment.get_template("report.html.j2").render(
        report=report,
        language=language,
        title=text_of("Expiry matrix: report", language),
        style=Markup((resources.files("gate.verify") / "templates" / "report.css").read_text(encoding="utf-8")),
        t=both,
        said=said,
        said_ja=lambda sentence: in_language(sentence, "ja"),
        step=step_text,
        rows=ROWS,
        titles=TITLES,
        looked_at=LOOKED_AT,
        signs=SIGNS,
        part_word=part_word,
        bands=bands_of(report),
        tally=tally_of(report),
        missing=missing_of(report),
        terms=terms_of,
        axes=axes_of,
        heads=HEADS,
        tick_text=tick_text,
        shots=shots_of,
        columns=columns_of,
        uri=lambda scenario, name: album.uri(f"{scenario.pictures}/{name}"),
        is_picture=lambda value: isinstance(value, str) and value.endswith((".png", ".jpg")),
        album=album,
        key_sha256=key_sha256,
        anchor=anchor,
    )
    return page.encode()


def both(english: str, **values: object) -> Markup:
    """A text of the catalogue in both languages, of which style shows one."""
    return _in_both({language: text_of(english, language, **values) for language in LANGUAGES})


def said(sentence: str) -> Markup:
    """A finished sentence of the verifier in both languages."""
    return _in_both({language: in_language(sentence, language) for language in LANGUAGES})


def _in_both(texts: Mapping[Language, str]) -> Markup:
    if len(set(texts.values())) == 1:
        return escape(texts["en"])
    return Markup("").join(Markup('<span lang="{}">{}</span>').format(*item) for item in texts.items())


def step_text(kind: str, argument: Any) -> Markup:
    """What a step does. One that has no words here says itself, as in its file."""
    values = argument if isinstance(argument, dict) else {"argument": argument}
    try:
        return both(STEPS[kind], **values)
    except KeyError:
        return escape(f"{kind}: {json.dumps(argument, ensure_ascii=False)}")


def columns_of(number: int, scenario: ReportedScenario) -> list[Column]:
    """The scenario's, in the order they were looked at."""
    return [
        Column(
            number=number,
            scenario=scenario.scenario,
            name=name,
            cells={cell.row: cell for cell in scenario.cells if cell.column == name},
        )
        for name in dict.fromkeys(cell.column for cell in scenario.cells)
    ]


def bands_of(report: Report) -> list[list[list[Column]]]:
    """Tables that are not too wide: each a list of groups, a group the columns of one scenario."""
    bands: list[list[list[Column]]] = [[]]
    room = BAND_COLUMNS_MAX
    for number, scenario in enumerate(report.scenarios, 1):
        columns = columns_of(number, scenario)
        for at in range(0, len(columns), BAND_COLUMNS_MAX):
            group = columns[at : at + BAND_COLUMNS_MAX]
            if len(group) > room:
                bands.append([])
                room = BAND_COLUMNS_MAX
            bands[-1].append(group)
            room -= len(group)
    return [band for band in bands if band]


def tally_of(report: Report) -> Tally:
    """Over everything."""
    verdicts = [cell.verdict for scenario in report.scenarios for cell in scenario.cells]
    verdicts += [check.verdict for scenario in report.scenarios for check in scenario.checks]
    return Tally(
        passed=verdicts.count("pass"),
        failed=verdicts.count("fail"),
        not_run=verdicts.count("not run") + sum(bool(scenario.trouble) for scenario in report.scenarios),
    )


def missing_of(report: Report) -> list[tuple[ReportedScenario, list[ReportedCell], list[ReportedCheck]]]:
    """What was not run, by scenarios that have any of it."""
    found = []
    for scenario in report.scenarios:
        cells = [cell for cell in scenario.cells if cell.verdict == "not run"]
        checks = [check for check in scenario.checks if check.verdict == "not run"]
        if cells or checks or scenario.trouble:
            found.append((scenario, cells, checks))
    return found


def terms_of(scenario: ReportedScenario) -> list[tuple[str, list[str], list[str]]]:
    """What is said to end, when it does by the manual's formula or rules, and when by the product. Ends of several
    licences that are the same are said once."""
    found = []
    for check in scenario.checks:
        rules = check.evidence.get("formula", check.evidence.get("by_the_rules"))
        if rules is not None and "found" in check.evidence:
            found.append((check.name, _ends(rules), _ends(check.evidence["found"])))
    return found


def _ends(ends: Any) -> list[str]:
    texts = [f"{camera} {clock_text(end)}" for camera, end in ends.items()] if isinstance(ends, dict) else ends
    return list(dict.fromkeys(text if isinstance(ends, dict) else clock_text(text) for text in texts))


def anchor(number: int, column: str, row: str = "") -> str:
    """The name of a place in the page."""
    words = "".join(mark if mark.isalnum() and mark.isascii() else f"-{ord(mark):x}" for mark in column)
    return "-".join(filter(None, (f"s{number}", words, row)))


def clock_text(instant: str | None, precision: str = "seconds") -> str:
    """An instant in the service's time zone. `precision`: seconds or milliseconds."""
    if not instant:
        return "–"
    try:
        local = datetime.fromisoformat(instant).astimezone(_ZONE)
    except ValueError:
        return instant
    return local.isoformat(" ", timespec=precision).removesuffix("+09:00") + " JST"


def duration_text(seconds: float) -> str:
    """1 min 05 s, or 3.2 s."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"


def ms_text(ms: float) -> str:
    """With its sign, in ms up to ten seconds."""
    sign = "−" if ms < 0 else "+"
    return f"{sign}{abs(ms):.1f} ms" if abs(ms) < 10_000 else f"{sign}{abs(ms) / 1000:.1f} s"


def tick_text(ms: float) -> str:
    """A round number of ms or s."""
    if not ms:
        return "0"
    sign, size = "−" if ms < 0 else "+", abs(ms)
    return f"{sign}{size / 1000:g} s" if size >= 1000 else f"{sign}{size:g} ms"


def value_text(value: Any) -> str:
    """A value of evidence, cut to what fits; report.json has the whole of it."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= EVIDENCE_CHARACTERS_MAX else text[: EVIDENCE_CHARACTERS_MAX - 1] + "…"
