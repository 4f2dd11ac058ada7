"""docs/reference/denials.md, metrics.md and ports.md."""

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import yaml

from gate.client.uplink_status import UplinkStatus
from gate.clock import SystemClock
from gate.licence.denials import TABLE
from gate.licence.features import Feature
from recorder.metrics.families import Sources, families
from recorder.metrics.loop_lag import LoopLag
from tests.docs.reference_configuration import ROOT
from tests.fakes.remote_site import FileStatus, RemoteSite, config_of


def denials_page() -> str:
    """Every code of a denial, with its words."""
    lines = [
        "# Denials",
        "",
        "What a refusal for want of a licence looks like, everywhere: an HTTP answer with a problem object "
        "(RFC 9457, `application/problem+json`), a WebSocket's `end` message and its close code, a line on "
        "the monitor. "
        "The code is stable; the words come in the language asked for (`?lang=ja|en`, else `Accept-Language`, else the "
        "device's). `edge-recorder explain CAMERA FEATURE` has the whole chain behind one.",
        "",
        "| code | HTTP | WebSocket | close reason |",
        "|---|---|---|---|",
    ]
    for code, row in TABLE.items():
        anchor = code.value.lower()
        close = f"{row.websocket_code} | `{row.websocket_reason}`"
        lines.append(f"| [`{code.value}`](#{anchor}) | {row.http_status} | {close} |")
    for code, row in TABLE.items():
        lines += ["", f"## {code.value}", "", "| | English | 日本語 |", "|---|---|---|"]
        for name, text in (("title", row.title), ("detail", row.detail), ("what to do", row.remedy)):
            lines.append(f"| {name} | {_said(text.en)} | {_said(text.ja)} |")
    lines += ["", "## Features", "", "| row | feature | English | 日本語 |", "|---|---|---|---|"]
    for feature in Feature:
        title = feature.title
        lines.append(f"| {feature.matrix_id} | `{feature.value}` | {title.en} | {title.ja} |")
    lines += [
        "",
        "The recorder's other refusals (`camera_unknown`, `too_many_viewers`, …): [problems](../protocols.md).",
    ]
    return "\n".join(lines) + "\n"


def metrics_page() -> str:
    """Every metric of a recorder, asked of one with nothing in it."""
    lines = [
        "# Metrics",
        "",
        "At `/metrics` of `metrics.listen` (8690), for Prometheus and OpenMetrics; on this machine only, "
        "never gated. What "
        "is not known is left out, never 0. The process's own metrics (`process_…`, `python_info`) are there, too. "
        "Beside it `/livez`, `/readyz` and `/healthz`: "
        "[how to watch a recorder](../how-to/monitor-with-prometheus.md#does-it-live-can-it-work).",
        "",
        "| metric | kind | labels | what it is |",
        "|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        lines += _metric_rows(Path(folder))
    return "\n".join(lines) + "\n"


def _metric_rows(folder: Path) -> Iterator[str]:
    clock = SystemClock()
    try:
        site = RemoteSite(clock=clock, config=config_of(folder, cameras=1))
        site.board.storage.oldest = datetime(2026, 1, 1, tzinfo=UTC)
        now = clock.now()
        line = UplinkStatus(
            url="", device="", serial="", phase="connected", since=now, registered=True, stale_after=now
        )
        catalog, bus = SimpleNamespace(waiting=0, lost_changes=0), SimpleNamespace(refused=0)
        parts = replace(site.parts, catalog=cast(Any, catalog), bus=cast(Any, bus), licence=FileStatus(status=line))
        sources = Sources(served=parts, shelves=(), lag=LoopLag(clock))
        for family in families(sources):
            name = family.name + {"counter": "_total", "info": "_info"}.get(family.type, "")
            labels = cast(Any, family)._labelnames or (("version", "device", "kind") if family.type == "info" else ())
            shown = ", ".join(f"`{label}`" for label in labels)
            yield f"| `{name}` | {family.type} | {shown} | {family.documentation} |"
    finally:
        clock.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """`key` in `file` says it, where it is not 8000-something by default."""

    number: int
    who: str
    file: str
    key: str
    words: str


PORTS = (
    Port(
        number=8080,
        who="simulated cameras",
        file="fleet.yaml",
        key="control.listen",
        words="control (`edge-recorder sim`), HTTP",
    ),
    Port(
        number=8080,
        who="simulated cameras",
        file="fleet.yaml",
        key="onvif.listen",
        words="ONVIF and SD cards, HTTP; 127.0.1.1, 127.0.1.2, …, one address a camera",
    ),
    Port(number=8554, who="simulated cameras", file="fleet.yaml", key="rtsp.listen", words="their streams, RTSP"),
    Port(
        number=8555,
        who="recorder",
        file="recorder.yaml",
        key="remote.rtsp.listen",
        words="the cameras again, RTSP; loopback only",
    ),
    Port(
        number=8600,
        who="recorder",
        file="recorder.yaml",
        key="remote.listen",
        words="web app and API; the one that may be opened to others, with sign-in and TLS",
    ),
    Port(
        number=8610,
        who="direct camera",
        file="direct.yaml",
        key="remote.listen",
        words="the same of `configs/direct.yaml`",
    ),
    Port(
        number=8650,
        who="HDMI monitor",
        file="hdmi.yaml",
        key="listen",
        words="preview and remote control, HTTP; loopback only",
    ),
    Port(
        number=8680,
        who="show board",
        file="show.yaml",
        key="listen",
        words="the board, HTTP; loopback only, as whoever reaches it moves the clock",
    ),
    Port(
        number=8690,
        who="recorder",
        file="recorder.yaml",
        key="metrics.listen",
        words="`/metrics` and health, HTTP; loopback only",
    ),
    Port(
        number=8700,
        who="licence service",
        file="service.yaml",
        key="listen",
        words="portal and API; beyond this machine with TLS only",
    ),
    Port(
        number=8722,
        who="licence service",
        file="service.yaml",
        key="relay.listen",
        words="devices connect to here, SSH with their own keys",
    ),
    Port(
        number=8725,
        who="licence service",
        file="service.yaml",
        key="mail.mailbox.address",
        words="the built-in mailbox, SMTP; loopback only",
    ),
)
SOCKETS = (
    ("recorder.yaml", "local.socket", "the recorder's local side: HDMI monitor, commands; mode 0600"),
    ("demo.yaml", "orders", "orders of the show board to the demo; mode 0600"),
    ("recorder.yaml", "clock.socket", "the site's shared clock; mode 0600"),
)


def ports_page() -> str:
    """Every address that something listens on by default."""
    lines = [
        "# Ports and addresses",
        "",
        "As `configs/` has them; all on loopback. `--port-base N` of `demo`, `run`, `cameras`, `hdmi` and "
        "`service` moves "
        "all loopback ports from 8000 to 8999 to the thousand that begins at N. A port that is taken is one "
        "sentence, and "
        "exit status 2.",
        "",
        "| port | who listens | said by | what for |",
        "|---|---|---|---|",
    ]
    for port in PORTS:
        lines.append(f"| {port.number} | {port.who} | `{port.key}` in `{port.file}` | {port.words} |")
    lines += [
        "",
        "Beside these: WS-Discovery of the simulated cameras, UDP 3702, multicast 239.255.255.250 on the interface of "
        "`onvif.discovery` (loopback).",
        "",
        "## Unix sockets",
        "",
        "| socket | said by | what for |",
        "|---|---|---|",
    ]
    for file, key, words in SOCKETS:
        value = value_at(yaml.safe_load((ROOT / "configs" / file).read_text()), key)
        lines.append(f"| `{str(value).removeprefix('../')}` | `{key}` in `{file}` | {words} |")
    lines.append("| `run/rec-1.hdmi` | `socket` in `hdmi.yaml` | orders to the monitor; mode 0600 |")
    return "\n".join(lines) + "\n"


def value_at(content: Any, key: str) -> Any:
    """A value of a parsed file by its dotted key; None where there is none."""
    for name in key.split("."):
        content = content.get(name) if isinstance(content, dict) else None
    return content


def _said(text: str) -> str:
    samples = SimpleNamespace(feature="…", subject="…", since="…")
    return re.sub(r"\{(\w+)\}", lambda match: str(getattr(samples, match[1])), text).replace("|", "\\|")
