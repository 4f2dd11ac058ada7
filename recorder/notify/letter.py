"""The mail that tells events: one for all that came together. Pure."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any
from zoneinfo import ZoneInfo

from gate.licence.text import Language, Text
from recorder.events.words import KIND_TITLES
from recorder.notify.notice import Notice

ROWS_MAX = 50
"""Events that are listed one by one; more are counted."""
_SUBJECT_CHARACTERS_MAX = 120
_POLICY = SMTP.clone(cte_type="7bit")

_RECORDER = Text(ja="レコーダー", en="Recorder")
_ONE = Text(ja="[{device}] {camera} {title} {time}", en="[{device}] {camera}: {title}, {time}")
_MANY = Text(ja="[{device}] イベント{count}件({cameras})", en="[{device}] {count} events ({cameras})")
_HEAD = Text(
    ja="レコーダー {device} から、イベント{count}件のお知らせです。", en="Recorder {device} tells of {events}."
)
_MORE = Text(ja="ほか{count}件", en="and {count} more")
_FOOT = Text(
    ja="時刻は {zone} です。録画はレコーダーの画面で確認できます。",
    en="Times are {zone}. See the recorder's own pages for its footage.",
)
_TEST = Text(ja="[{device}] 通知のテスト", en="[{device}] Test notice")
_TEST_BODY = Text(
    ja="レコーダー {device} からのテストです。イベントの通知はこの宛先に届きます。",
    en="This is a test of recorder {device}. Notices of events will come here.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterhead:
    """Who writes to whom, in which language and time zone."""

    device: str
    sender: str
    to: Sequence[str]
    language: Language
    zone: ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A JPEG of an event, attached under that name."""

    name: str
    jpeg: bytes


def letter(head: Letterhead, notices: Sequence[Notice], pictures: Sequence[Picture], now: datetime) -> EmailMessage:
    """All these notices (one at least) in one mail; its Message-ID is that of the first: sent again, it is the same."""
    rows = [_Row(json.loads(notice.body)["data"], head) for notice in notices]
    cameras = Counter(row.camera for row in rows)
    names = "、" if head.language == "ja" else ", "
    values = {"device": head.device, "count": len(rows), "cameras": names.join(cameras), "zone": head.zone.key}
    if len(rows) == 1:
        values |= {"camera": rows[0].camera, "title": rows[0].title, "time": f"{rows[0].start:%H:%M}"}
    values["events"] = "one event" if len(rows) == 1 else f"{len(rows)} events"
    lines = [_say(_HEAD, head, values), "", *(row.line for row in rows[:ROWS_MAX])]
    if len(rows) > ROWS_MAX:
        lines += ["", _say(_MORE, head, {"count": len(rows) - ROWS_MAX})]
        lines += [f"  {camera}  {title}  {count}" for (camera, title), count in _left(rows)]
    lines += ["", _say(_FOOT, head, values), ""]
    subject = _say(_ONE if len(rows) == 1 else _MANY, head, values)
    message = _message(head, subject, "\n".join(lines), notices[0].id, now)
    for picture in pictures:
        message.add_attachment(picture.jpeg, maintype="image", subtype="jpeg", filename=picture.name)
    if pictures:  # the language of the text has gone into its part
        message["Content-Language"] = head.language
    return message


def letter_of_test(head: Letterhead, id: str, now: datetime) -> EmailMessage:
    """A mail that tells nothing but that it came."""
    values = {"device": head.device}
    return _message(head, _say(_TEST, head, values), _say(_TEST_BODY, head, values) + "\n", id, now)


def picture_name(notice: Notice, zone: ZoneInfo) -> str:
    """`cam1-20270101-090000-person.jpg`."""
    event = json.loads(notice.body)["data"]["event"]
    start = datetime.fromisoformat(event["start"]).astimezone(zone)
    return f"{event['camera']}-{start:%Y%m%d-%H%M%S}-{event['kind']}.jpg"


class _Row:
    def __init__(self, data: Mapping[str, Any], head: Letterhead) -> None:
        event = data["event"]
        self.camera: str = _one_line(data["camera_name"]) or _RECORDER.in_language(head.language)
        self.title = KIND_TITLES[event["kind"]].in_language(head.language)
        self.start = datetime.fromisoformat(event["start"]).astimezone(head.zone)
        detail = f"  {_one_line(event['detail'])}" if event["detail"] else ""
        self.line = f"{self.start:%Y-%m-%d %H:%M:%S}  {self.camera}  {self.title}{detail}"


def _left(rows: Sequence[_Row]) -> list[tuple[tuple[str, str], int]]:
    return Counter((row.camera, row.title) for row in rows[ROWS_MAX:]).most_common(ROWS_MAX)


def _message(head: Letterhead, subject: str, text: str, id: str, now: datetime) -> EmailMessage:
    message = EmailMessage(policy=_POLICY)
    message["Date"] = format_datetime(now.astimezone(head.zone))
    message["From"] = head.sender
    message["To"] = ", ".join(head.to)
    message["Subject"] = _one_line(subject)[:_SUBJECT_CHARACTERS_MAX]
    message["Message-ID"] = f"<{id}@{head.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    message["Content-Language"] = head.language
    return message


def _say(text: Text, head: Letterhead, values: Mapping[str, Any]) -> str:
    return text.in_language(head.language).format(**values)


def _one_line(text: str) -> str:
    return " ".join(text.split())
