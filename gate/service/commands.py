"""`edge-recorder service`: run the licence service, bring its database up to date, make accounts and tokens."""

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import uvloop
from sqlalchemy.exc import SQLAlchemyError

from gate.command_parser import CommandParser
from gate.config_fields import PORT_BASE, parse_port_base
from gate.log_output import log_file, start_logging
from gate.sd_notify import SdNotify
from gate.service.config import ServiceConfig, load_config
from gate.service.errors import ServiceError
from gate.shared_clock.errors import ClockError
from gate.signing.errors import SigningError
from gate.yaml_file import ConfigError

_EXAMPLES = """examples:
  edge-recorder service run configs/service.yaml
  edge-recorder service migrate configs/service.yaml
  edge-recorder service operator configs/service.yaml --email me@example.jp --name "Me"
  edge-recorder service token configs/service.yaml --email me@example.jp --name "script" --days 90
  edge-recorder service seed configs/service.yaml
"""


def service(argv: list[str]) -> int:
    """Runs `edge-recorder service ARGV`. Exit status 0, or 2 after one sentence on stderr."""
    options = _parser().parse_args(argv)
    quiet = options.command != "run" or options.report
    start_logging(logging.WARNING if quiet else logging.INFO)
    try:
        config = load_config(options.config, options.port_base)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(options.act(options, config))
    except (ConfigError, ServiceError, SigningError, ClockError, OSError) as error:
        print(f"edge-recorder service {options.command}: {error}", file=sys.stderr)
        return 2
    except SQLAlchemyError as error:
        from gate.service.store.migrate import cause_of

        print(f"edge-recorder service {options.command}: the database failed: {cause_of(error)}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="edge-recorder service",
        description="Run the licence service, bring its database up to date, make accounts and tokens.",
        epilog=_EXAMPLES,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, act: Callable[..., Any], text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text, epilog=_EXAMPLES)
        made.set_defaults(act=act)
        made.add_argument("config", type=Path, help="configs/service.yaml explains every field")
        made.add_argument("--port-base", type=parse_port_base, default=PORT_BASE, metavar="N", help="N instead of 8000")
        return made

    running = command("run", _run, "serve the portal, the API and the relay, send mails, do the jobs")
    running.add_argument("--report", action="store_true", help="say on stdout, in JSON lines, when it is ready")
    running.add_argument(
        "--demo", type=Path, metavar="FILE", help="the demo's people, and the recorder that its supervisor wrote down"
    )
    running.add_argument("--relay-port", type=int, metavar="N", help="devices reach the relay at this port")
    migrating = command("migrate", _migrate, "bring the database into today's form")
    operating = command("operator", _operator, "make an account that may do everything; prints its password once")
    operating.add_argument("--email", required=True, help="by which they sign in")
    operating.add_argument("--name", required=True, help="as people call them")
    token = command("token", _token, "make an API token for a user; prints it once")
    token.add_argument("--email", required=True, help="whose it is")
    token.add_argument("--name", required=True, help="what it is for")
    token.add_argument("--days", type=int, metavar="N", help="how long it lasts (default: until it is revoked)")
    seeding = command("seed", _seed, "put the demo's people into the database; their password is known to all")
    for made in (migrating, operating, token, seeding):
        made.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


async def _run(options: argparse.Namespace, config: ServiceConfig) -> None:
    from gate.service.app import run_service
    from gate.service.seed import read_demo_site

    demo_site = read_demo_site(options.demo) if options.demo is not None else None
    if demo_site is not None:
        config = config.model_copy(update={"demo": True})
    if options.relay_port is not None:
        config = config.model_copy(update={"relay": config.relay.model_copy(update={"port": options.relay_port})})
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)

    def on_ready(addresses: dict[str, str]) -> None:
        if options.report:
            known = {"sign_ins": _demo_sign_ins()} if config.demo else {}
            print(json.dumps({**known, "ready": addresses}), flush=True)
        else:
            print(f"licence service: {addresses['portal']}", flush=True)
            _sign_ins(config)

    with log_file(config.log):
        await run_service(config, ended, on_ready, demo_site=demo_site, sd_notify=SdNotify(os.environ))


async def _migrate(options: argparse.Namespace, config: ServiceConfig) -> None:
    from gate.service.store.engine import open_store
    from gate.service.store.migrate import migrate

    config.data_dir.mkdir(parents=True, exist_ok=True)
    store = open_store(config.database_url)
    try:
        done = await migrate(store)
    finally:
        await store.close()
    same = done.before == done.after
    line = f"already in form {done.after}" if same else f"now in form {done.after}, before: {done.before or 'none'}"
    _show(options, {"before": done.before, "after": done.after}, f"the database is {line}")


async def _operator(options: argparse.Namespace, config: ServiceConfig) -> None:
    from gate.service.desk import add_operator

    password = await add_operator(config, email=options.email, name=options.name)
    facts = {"email": options.email, "password": password}
    _show(options, facts, f"{options.email} may sign in now; the password, shown only here: {password}")


async def _token(options: argparse.Namespace, config: ServiceConfig) -> None:
    from gate.service.desk import add_token

    lasts = timedelta(days=options.days) if options.days else None
    token = await add_token(config, email=options.email, name=options.name, lasts=lasts)
    _show(options, {"token": token}, f"the token, shown only here: {token}")


async def _seed(options: argparse.Namespace, config: ServiceConfig) -> None:
    from gate.service.desk import seed
    from gate.service.seed import SIGN_INS

    done = await seed(config)
    facts = {"seeded": done, "sign_ins": [{"role": one.role, "email": one.email} for one in SIGN_INS]}
    _show(options, facts, "the demo's people are in" if done else "they are in already")
    if not options.json:
        _sign_ins(config.model_copy(update={"demo": True}))


def _demo_sign_ins() -> list[dict[str, str]]:
    from gate.service.seed import SIGN_INS

    return [{"role": one.role, "email": one.email, "password": one.password} for one in SIGN_INS]


def _sign_ins(config: ServiceConfig) -> None:
    from gate.service.seed import SIGN_INS

    for one in SIGN_INS if config.demo else ():
        print(f"  {one.role:<18} {one.email:<24} {one.password}", flush=True)


def _show(options: argparse.Namespace, facts: dict[str, Any], line: str) -> None:
    print(json.dumps(facts, ensure_ascii=False) if options.json else line)
