"""`edge-recorder notify`: send a test notice, or see how notices fare at a running recorder."""

import argparse
import asyncio
import contextlib
import json
import secrets
import sys
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiomqtt

from gate.clock import Clock, SystemClock
from gate.command_parser import CommandParser
from gate.yaml_file import ConfigError
from recorder.config import RecorderConfig, load_config
from recorder.errors import RecorderError
from recorder.notify.channel import Failed, Told
from recorder.notify.entities import Topics
from recorder.notify.errors import NotifyError
from recorder.notify.letter import letter_of_test
from recorder.notify.mail import Mail
from recorder.notify.mqtt_connection import mqtt_connection
from recorder.notify.notice import body_of_test
from recorder.notify.settings import MailSection, MqttSection, WebhookSection
from recorder.notify.webhook import Webhook
from recorder.notify.wiring import letterhead

_EXAMPLES = """examples:
  edge-recorder notify test configs/recorder.yaml              everything that is configured
  edge-recorder notify test configs/recorder.yaml --webhook --json
  edge-recorder notify test configs/recorder.yaml --mqtt --mail
  edge-recorder notify status configs/recorder.yaml            what waits, what went wrong"""


def notify(argv: list[str]) -> int:
    """0; 1 where a test notice did not get through; 2 after one sentence on stderr."""
    options = _parser().parse_args(argv)
    with contextlib.suppress(KeyboardInterrupt):
        try:
            config = load_config(options.config)
            return asyncio.run(_test(config, options) if options.what == "test" else _status(config, options))
        except (ConfigError, RecorderError) as error:
            print(f"edge-recorder notify: {error}", file=sys.stderr)
            return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="edge-recorder notify",
        description="Remote event notices: `test` sends one that tells of no event, `status` shows how they fare.",
        epilog=_EXAMPLES,
    )
    parser.add_argument("what", choices=("test", "status"), help="send a notice now, or see how they fare")
    parser.add_argument(
        "config",
        type=Path,
        nargs="?",
        default=Path("configs/recorder.yaml"),
        help="the recorder's configuration; default %(default)s",
    )
    parser.add_argument("--webhook", action="store_true", help="test the webhooks (without any of the three: all)")
    parser.add_argument("--mqtt", action="store_true", help="test the MQTT broker")
    parser.add_argument("--mail", action="store_true", help="test the mail server")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    return parser


async def _test(config: RecorderConfig, options: argparse.Namespace) -> int:
    section, every = config.notify, not (options.webhook or options.mqtt or options.mail)
    chosen: list[WebhookSection | MqttSection | MailSection] = []
    chosen += section.webhooks if options.webhook or every else ()
    chosen += [section.mqtt] if section.mqtt is not None and (options.mqtt or every) else []
    chosen += [section.mail] if section.mail is not None and (options.mail or every) else []
    if not chosen:
        raise NotifyError("nothing of that is configured: see notify: in configs/recorder.yaml")
    clock, failures = SystemClock(), 0
    try:
        for one in chosen:
            outcome = await _tried(config, one, clock)
            failures += isinstance(outcome, Failed)
            _say(one, outcome, as_json=options.json)
    finally:
        clock.close()
    return 1 if failures else 0


async def _tried(
    config: RecorderConfig, section: WebhookSection | MqttSection | MailSection, clock: Clock
) -> Told | Failed:
    id, now = f"msg_{config.device.id}_test_{secrets.token_hex(8)}", clock.now()
    body = body_of_test(config.device.id, now)
    match section:
        case WebhookSection():
            webhook = Webhook(section, clock)
            try:
                return await webhook.post(id, body)
            finally:
                await webhook.close()
        case MailSection():
            head = letterhead(section, config)
            return await Mail(section, head, None, clock).post(letter_of_test(head, id, now))
        case MqttSection():
            return await _tried_broker(config, section, body, clock)


async def _tried_broker(config: RecorderConfig, section: MqttSection, body: str, clock: Clock) -> Told | Failed:
    topics = Topics(base=section.topic, discovery=section.discovery, device=config.device.id)
    try:
        async with mqtt_connection(section, identifier=None, will=None, clock=clock) as connection:
            await connection.publish(f"{topics.device}/event", body)
    except (aiomqtt.MqttError, OSError, ValueError) as error:
        return Failed(reason=str(error))
    return Told()


def _say(section: WebhookSection | MqttSection | MailSection, outcome: Told | Failed, *, as_json: bool) -> None:
    kind = {WebhookSection: "webhook", MqttSection: "mqtt", MailSection: "mail"}[type(section)]
    told = isinstance(outcome, Told)
    remark = outcome.remark if isinstance(outcome, Told) else outcome.reason
    if as_json:
        content = {"channel": kind, "address": section.shown, "told": told, "remark": remark}
        print(json.dumps(content, ensure_ascii=False), flush=True)
    else:
        print(f"{kind} {section.shown}: {'taken' if told else 'FAILED'}{f': {remark}' if remark else ''}", flush=True)


async def _status(config: RecorderConfig, options: argparse.Namespace) -> int:
    from recorder.supervisor.site import ask_local

    channels: list[dict[str, Any]] = (await ask_local(config.local.socket, "/v1/notify"))["channels"]
    zone = ZoneInfo(config.device.time_zone)
    for channel in channels:
        print(json.dumps(channel, ensure_ascii=False) if options.json else _line(channel, zone), flush=True)
    if not channels and not options.json:
        print("no notices are configured", file=sys.stderr)
    return 0


def _line(channel: dict[str, Any], zone: ZoneInfo) -> str:
    told_at = datetime.fromisoformat(channel["told_at"]).astimezone(zone) if channel["told_at"] else None
    parts = [f"{channel['sent']} told{f', last {told_at:%Y-%m-%d %H:%M:%S}' if told_at else ''}"]
    words = {"waiting": "waiting", "given_up": "given up", "too_old": "too old", "left_out": "left out"}
    parts += [f"{channel[name]} {word}" for name, word in words.items() if channel[name]]
    parts += [channel["trouble"]] if channel["trouble"] else []
    return f"{channel['address']}: {'; '.join(parts)}"
