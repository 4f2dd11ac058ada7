"""What is said of the past: its state, notes of what is missing, and what stands in a picture's place. Pure."""

from hdmi_out.osd.model import Card
from hdmi_out.playback_client import PlaybackClient, Remark
from hdmi_out.playback_messages import EndOfFootage, Gap, Unreadable, label_of
from hdmi_out.views.playback_words import PlaybackWords, playback_words, range_text, time_text
from hdmi_out.views.view import Moment


def state_text(client: PlaybackClient, moment: Moment) -> str:
    """How fast it plays, or that it stands."""
    words = playback_words(moment.words)
    if not client.connected:
        return words.reconnecting
    if not client.rate:
        return words.paused
    if client.rate < 0:
        return words.reverse.format(f"{-client.rate:g}")
    return f"▶ {words.speed.format(f'{client.rate:g}')}"


def card_of(client: PlaybackClient | None, camera: str, moment: Moment) -> Card | None:
    """What stands in place of the picture; None where it is the picture of the time that was asked for."""
    words = playback_words(moment.words)
    known = moment.state is not None and any(one.id == camera for one in moment.state.cameras)
    if moment.state is not None and camera and not known:
        return Card(title=moment.words.camera_gone)
    if client is None:
        return Card(title=words.no_cameras if moment.state is not None else words.reconnecting)
    if client.refusal:
        return Card(title=client.refusal)
    if client.empty:
        return Card(title=words.empty, detail=words.empty_detail)
    if isinstance(client.remark, Gap) and client.in_gap:
        return _gap_card(client.remark, words, moment)
    if client.shown is None:
        return Card(title=words.loading if client.connected else words.reconnecting)
    return None


def note_of(remark: Remark, moment: Moment) -> str:
    """One line about what is missing, or that it goes no further."""
    words = playback_words(moment.words)
    match remark:
        case Gap() if remark.end <= remark.start:
            return words.set_back.format(time_text(remark.end, moment.zone, moment.words))
        case Gap():
            start, end = range_text(remark.start, remark.end, moment.zone, moment.words)
            return words.skipped.format(_reason(remark, words), start, end)
        case Unreadable():
            return words.unreadable
        case EndOfFootage(edge="newest"):
            return words.newest
        case EndOfFootage(edge="oldest"):
            return words.oldest
        case _:
            return ""


def _gap_card(gap: Gap, words: PlaybackWords, moment: Moment) -> Card:
    lasts = abs(label_of(gap.end) - label_of(moment.now)) < 10_000_000
    start, end = range_text(gap.start, gap.end, moment.zone, moment.words)
    reason = _reason(gap, words)
    if lasts:
        return Card(title=words.no_footage, age=words.lasting.format(reason, start))
    return Card(
        title=words.no_footage,
        age=words.between.format(reason, start, end),
        detail=words.goes_on.format(time_text(gap.end, moment.zone, moment.words)),
    )


def _reason(gap: Gap, words: PlaybackWords) -> str:
    return words.reasons.get(gap.reason, gap.reason)
