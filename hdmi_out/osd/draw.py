"""Drawing of the model: one function a piece, each from a value and a size to an overlay. Nothing here reads state or
time, so a piece is drawn again only when its value changes."""

from dataclasses import dataclass

from hdmi_out.layout.rect import Rect, even
from hdmi_out.osd import palette
from hdmi_out.osd.model import Card, Mark, Message, Row, TileLabel, TimePanel, Tone
from hdmi_out.osd.overlay import Overlay, Painter
from hdmi_out.osd.palette import Colour, TypeScale
from hdmi_out.osd.typeface import ASCENT, LINE, MIDDLE, Typeface

_MARKS = {Mark.RECORDING: palette.RED, Mark.STOPPED: palette.AMBER, Mark.WAITING: palette.SOFT}
_STATES = {Mark.RECORDING: palette.WHITE, Mark.STOPPED: palette.AMBER, Mark.WAITING: palette.SOFT}


FACTS_MAX = 3
"""Lines of the bar below its title."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _ToneColours:
    ground: Colour
    accent: Colour | None
    title: Colour


_TONES = {
    Tone.CALM: _ToneColours(ground=palette.BAR, accent=None, title=palette.SOFT),
    Tone.NOTICE: _ToneColours(ground=palette.BLUE_DEEP, accent=palette.BLUE, title=palette.WHITE),
    Tone.URGENT: _ToneColours(ground=palette.AMBER_DEEP, accent=palette.AMBER, title=palette.WHITE),
    Tone.BAND: _ToneColours(ground=palette.AMBER_DEEP, accent=palette.AMBER, title=palette.AMBER),
    Tone.ALARM: _ToneColours(ground=palette.RED_DEEP, accent=palette.RED, title=palette.WHITE),
}


@dataclass(frozen=True, slots=True)
class Pen:
    """Text on a painter, placed by the middle of its capitals and kanji."""

    painter: Painter
    face: Typeface

    def text(self, x: int, middle: float, text: str, size: int, colour: Colour) -> int:
        """Draws `text` from `x` on and returns where it ends."""
        if text:
            top = round(middle + MIDDLE * size - ASCENT * size)
            self.painter.mask(x, top, self.face.mask(text, size), colour)
        return x + self.face.width(text, size)

    def centred(self, middle: float, text: str, size: int, colour: Colour) -> None:
        """Draws `text` in the middle of the painter's width, shortened to fit."""
        text = self.face.fitted(text, size, self.painter.width - size)
        self.text((self.painter.width - self.face.width(text, size)) // 2, middle, text, size, colour)


def tile_type_size(tile: Rect, scale: TypeScale) -> int:
    """The size of a tile's label: body, smaller in small tiles."""
    return min(scale.body, max(round(tile.height * 0.095), 10))


def draw_label(label: TileLabel, tile: Rect, face: Typeface, scale: TypeScale, *, shadow: bool) -> Overlay:
    """The strip over the top of a tile: the name left, the state right; over a picture on a `shadow` that fades into
    it."""
    size = tile_type_size(tile, scale)
    painter = Painter(tile.width, min(even(size * 2.4), tile.height))
    if shadow:
        painter.shade(palette.SHADOW, 0.95, round(size * 1.5))  # hides the name a camera burns in there
    pen, pad, middle = Pen(painter, face), round(size * 0.6), size * 0.92
    state_width = face.width(label.state, size)
    state_x = tile.width - pad - state_width
    mark_x = state_x - round(size * 0.66)
    if label.mark is not Mark.NONE:
        pen.text(state_x, middle, label.state, size, _STATES[label.mark])
        _draw_mark(painter, label.mark, mark_x, middle, size)
    end = mark_x - size if label.mark is not Mark.NONE else tile.width - pad
    after = pen.text(pad, middle, face.fitted(label.name, size, end - pad), size, palette.WHITE) + size
    if label.note and after + size < end:
        pen.text(after, middle, face.fitted(label.note, size, end - after), size, palette.SOFT)
    return painter.finish()


def _draw_mark(painter: Painter, mark: Mark, x: float, y: float, size: int) -> None:
    colour = _MARKS[mark]
    match mark:
        case Mark.RECORDING:
            painter.disc(x, y, size * 0.30, colour)
        case Mark.WAITING:
            painter.disc(x, y, size * 0.28, colour, hole=size * 0.16)
        case Mark.STOPPED:
            side = round(size * 0.52)
            painter.rect(Rect(round(x - side / 2), round(y - side / 2), side, side), colour)
        case Mark.NONE:
            pass


def draw_card(card: Card, tile: Rect, face: Typeface, scale: TypeScale) -> Overlay:
    """The card that stands in place of a picture."""
    painter = Painter(tile.width, tile.height, palette.CARD)
    if not (card.title or card.age or card.detail):
        return painter.finish()
    pen = Pen(painter, face)
    title = min(scale.title, max(round(tile.height * 0.13), 12))
    small = tile_type_size(tile, scale)
    middle = tile.height * 0.52
    pen.centred(middle - title * 0.2, card.title, title, palette.WHITE)
    below = middle + title * 1.1
    if card.age:
        pen.centred(below, card.age, small, palette.SOFT)
        below += small * 1.7
    if tile.height > small * 8:
        pen.centred(below, card.detail, min(small, scale.small), palette.FAINT)
    return painter.finish()


def draw_time(panel: TimePanel, area: Rect, face: Typeface, scale: TypeScale) -> Overlay:
    """The site's time, big, over its date. Digits keep their places whatever their widths are."""
    painter = Painter(area.width, area.height, palette.BAR_CLOCK)
    pen = Pen(painter, face)
    digit = max(face.width(character, scale.time) for character in "0123456789")
    colon = round(digit * 0.56)
    widths = [digit if character.isdigit() else colon for character in panel.time]
    x = (area.width - sum(widths)) // 2
    for character, width in zip(panel.time, widths, strict=True):
        inset = (width - face.width(character, scale.time)) // 2
        lift = 0 if character.isdigit() else scale.time * 0.03
        pen.text(x + inset, area.height * (0.34 if panel.note else 0.40) - lift, character, scale.time, palette.WHITE)
        x += width
    pen.centred(area.height * (0.66 if panel.note else 0.78), panel.day, scale.small, palette.SOFT)
    if panel.note:
        pen.centred(area.height * 0.87, panel.note, scale.small, palette.AMBER)
    return painter.finish()


def draw_message(message: Message, area: Rect, face: Typeface, scale: TypeScale) -> Overlay:
    """The bar beside the time: title and aside, the facts, and what to do as a plate on the right."""
    tone = _TONES[message.tone]
    painter = Painter(area.width, area.height, tone.ground)
    pen, pad = Pen(painter, face), scale.body
    left, right = pad, area.width - pad
    if tone.accent is not None:
        stripe = max(scale.small // 3, 3)
        painter.rect(Rect(0, 0, stripe, area.height), tone.accent)
        left += stripe
    rows = 1 + min(len(message.facts), FACTS_MAX)
    title_size = scale.title if message.tone is not Tone.CALM else scale.body
    lines = _rows(area.height, rows)
    first_right = right
    if message.action and tone.accent is not None:
        first_right = _draw_action(pen, message.action, right, lines[0] if rows > 1 else area.height / 2, tone, scale)
    title = face.fitted(message.title, title_size, first_right - left)
    end = pen.text(left, lines[0], title, title_size, tone.title)
    aside_x = end + scale.body
    if aside_x < first_right - scale.body:
        aside = face.fitted(message.aside, scale.body, first_right - aside_x)
        pen.text(aside_x, lines[0] + (title_size - scale.body) * MIDDLE * 0.9, aside, scale.body, palette.SOFT)
    size = scale.body if rows <= FACTS_MAX else scale.small
    label_width = max((face.width(fact.label, size) for fact in message.facts), default=0)
    for fact, middle in zip(message.facts, lines[1:], strict=False):
        x = left
        if fact.label:
            pen.text(left, middle, fact.label, size, palette.GREEN if fact.goes_on else palette.AMBER)
            x = left + label_width + size
        pen.text(x, middle, face.fitted(fact.text, size, right - x), size, palette.WHITE)
    return painter.finish()


def _rows(height: int, rows: int) -> list[float]:
    """The middles of one to four rows of text in the bar."""
    match rows:
        case 1:
            return [height * 0.5]
        case 2:
            return [height * 0.33, height * 0.69]
        case 3:
            return [height * 0.25, height * 0.56, height * 0.82]
        case _:
            return [height * 0.19, height * 0.45, height * 0.66, height * 0.87]


def _draw_action(pen: Pen, text: str, right: int, middle: float, tone: _ToneColours, scale: TypeScale) -> int:
    """A plate with what to do, ending at `right`; returns how far the title may reach."""
    assert tone.accent is not None
    size = scale.small
    text = pen.face.fitted(text, size, right // 2)
    width, height = pen.face.width(text, size) + 2 * size, even(size * LINE * 1.4)
    left = right - width
    pen.painter.rect(Rect(left, round(middle - height / 2), width, height), tone.accent)
    pen.text(left + size, middle, text, size, tone.ground)
    return left - size


def draw_toast(text: str, body: Rect, face: Typeface, scale: TypeScale) -> Overlay:
    """A plate with a few words."""
    size = scale.title
    text = face.fitted(text, size, body.width - 4 * size)
    painter = Painter(even(face.width(text, size) + 2 * size), even(size * 2.2), palette.BLUE_DEEP)
    painter.rect(Rect(0, 0, painter.width, max(size // 10, 2)), palette.BLUE)
    Pen(painter, face).centred(painter.height / 2, text, size, palette.WHITE)
    return painter.finish()


def draw_identity(over: str, name: str, body: Rect, face: Typeface, scale: TypeScale) -> Overlay:
    """A name as large as it gets, all over the body."""
    painter = Painter(body.width, body.height, palette.BLUE_DEEP)
    pen, size = Pen(painter, face), body.height // 3
    size = min(size, size * (body.width - size) // max(face.width(name, size), 1))
    pen.centred(body.height * 0.52, name, size, palette.WHITE)
    pen.centred(body.height * 0.2, over, scale.time, palette.BLUE)
    return painter.finish()


def draw_row(row: Row, area: Rect, face: Typeface, scale: TypeScale) -> Overlay:
    """A row of a list: its text left, its value right; the chosen one marked."""
    painter = Painter(area.width, area.height, palette.BLUE_DEEP if row.chosen else palette.BAR)
    pen, pad, middle = Pen(painter, face), scale.body, area.height / 2
    if row.chosen:
        painter.rect(Rect(0, 0, max(scale.small // 3, 3), area.height), palette.BLUE)
    size = min(scale.title if row.heading else scale.small if row.faint else scale.body, round(area.height * 0.6))
    colour = palette.SOFT if row.heading or row.faint else palette.WHITE
    right = area.width - pad
    if row.value:
        value = face.fitted(row.value, size, area.width // 2)
        right -= face.width(value, size)
        pen.text(right, middle, value, size, palette.SOFT)
        right -= size
    pen.text(pad, middle, face.fitted(row.text, size, right - pad), size, colour)
    return painter.finish()
