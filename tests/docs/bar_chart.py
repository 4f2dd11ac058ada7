"""Bars as SVG: pure, the same bytes for the same values."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, ROW, LEFT, RIGHT, TOP = 760, 34, 210, 90, 46
COLOURS = {"ours": "#1f77b4", "peer": "#b0b4ba", "floor": "#6b7280"}
FONT = 'font-family="system-ui, sans-serif"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """`kind`: ours, peer or floor. `text`: the value as it is written behind the bar."""

    name: str
    value: float
    text: str
    kind: str


def svg(title: str, bars: Sequence[Bar]) -> str:
    """A chart that can be read without colours; its text alternative says all values."""
    most = max(bar.value for bar in bars) or 1
    room, height = WIDTH - LEFT - RIGHT, TOP + ROW * len(bars) + 12
    said = "; ".join(f"{bar.name}: {bar.text}" for bar in bars)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(title)}. {escape(said)}">',
        f'<rect width="{WIDTH}" height="{height}" rx="8" fill="#ffffff"/>',
        f'<text x="16" y="28" {FONT} font-size="16" font-weight="600" fill="#111827">{escape(title)}</text>',
    ]
    for row, bar in enumerate(bars):
        y, length = TOP + ROW * row, max(2.0, bar.value / most * room)
        weight = ' font-weight="600"' if bar.kind == "ours" else ""
        lines += [
            f'<text x="{LEFT - 10}" y="{y + 20}" {FONT} font-size="14" text-anchor="end" fill="#111827"{weight}>'
            f"{escape(bar.name)}</text>",
            f'<rect x="{LEFT}" y="{y + 4}" width="{length:.1f}" height="{ROW - 12}" rx="3" '
            f'fill="{COLOURS[bar.kind]}"/>',
            f'<text x="{LEFT + length + 8:.1f}" y="{y + 20}" {FONT} font-size="14" fill="#111827"{weight}>'
            f"{escape(bar.text)}</text>",
        ]
    return "\n".join([*lines, "</svg>"]) + "\n"
