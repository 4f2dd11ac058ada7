"""`edge-recorder users` and `edge-recorder audit`: on the recorder itself, whether it runs or not."""

import argparse
import json
import logging
import sqlite3
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from argon2 import PasswordHasher

from gate.clock import SystemClock
from gate.command_parser import CommandParser
from gate.sign_in.passwords import random_password
from gate.yaml_file import ConfigError
from recorder.access.actor import LOCAL, ROLES, Role
from recorder.access.audit import Entry, Found, Wanted, append, find
from recorder.access.audit_route import COUNT_MAX, entry_json
from recorder.access.database import NAME, open_database, transaction
from recorder.access.users import (
    User,
    UserRefusal,
    add_user,
    change_user,
    load_users,
    remove_user,
    set_password,
)
from recorder.access.users_route import as_json
from recorder.config import RecorderConfig, load_config
from recorder.errors import RecorderError

_REFUSALS: dict[UserRefusal, str] = {
    "user_malformed": "a user name begins with a letter or digit and has letters, digits and . _ @ - only, 64 at most",
    "user_taken": "there is a user of this name already",
    "user_unknown": "there is no such user; `edge-recorder users list` lists them",
    "last_admin": "this is the last admin who sees every camera: add another one first",
    "too_many_users": "there are too many users: remove some first",
}
_EXAMPLES = """examples:
  edge-recorder users list
  edge-recorder users add tanaka --role operator
  edge-recorder users add reception --role viewer --camera cam1 cam2
  edge-recorder users role tanaka admin
  edge-recorder users password tanaka     # a new one, shown once; to be changed at the next sign-in
  edge-recorder users remove tanaka

viewer: live, playback, events. operator: also control, exports, recording modes. admin: everything.
Whatever is changed about a user signs that user out, also where the recorder runs."""


class _RefusedError(Exception):
    """One sentence."""


def users(argv: list[str]) -> int:
    """Lists or changes the users of a recorder."""
    parser = CommandParser(
        prog="edge-recorder users",
        description="Who may sign in at the recorder's remote side (remote.access: users or service).",
        epilog=_EXAMPLES,
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|add|remove|password|role")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--config", type=Path, default=Path("configs/recorder.yaml"), help="default %(default)s")
    shared.add_argument("--json", action="store_true", help="print the result as JSON")
    actions.add_parser("list", parents=[shared], help="everybody, with role and cameras")
    add = actions.add_parser("add", parents=[shared], help="a new user; prints a first password once")
    role = actions.add_parser("role", parents=[shared], help="another role, other cameras")
    for one in (add, role):
        one.add_argument("name", help="by which they sign in")
    add.add_argument("--role", choices=ROLES, default="viewer", help="default %(default)s")
    role.add_argument("role", choices=ROLES, help="what they may do")
    for one in (add, role):
        one.add_argument("--camera", nargs="+", metavar="ID", help="only these; all without this")
    actions.add_parser("remove", parents=[shared], help="a user, with all that is open").add_argument(
        "name", help="by which they sign in"
    )
    actions.add_parser("password", parents=[shared], help="a new password, printed once").add_argument(
        "name", help="by which they sign in"
    )
    return _told("users", lambda: _users(parser.parse_args(argv)))


def audit(argv: list[str]) -> int:
    """Prints the audit log."""
    parser = CommandParser(
        prog="edge-recorder audit",
        description="Who did what at this recorder's remote side: sign-ins, views, playback, exports, changes.",
        epilog="examples:\n  edge-recorder audit\n  edge-recorder audit --since 24h --action sign_in\n"
        "  edge-recorder audit --camera cam1 --actor tanaka --json",
    )
    parser.add_argument("--config", type=Path, default=Path("configs/recorder.yaml"), help="default %(default)s")
    parser.add_argument("--actor", help="only what this person did")
    parser.add_argument("--action", help="only this: sign_in, view, playback, download, export, user, …")
    parser.add_argument("--camera", metavar="ID", help="only at this camera")
    parser.add_argument("--since", metavar="TIME", help="only the last 90m, 24h, 7d")
    parser.add_argument("--limit", type=int, default=50, metavar="N", help="the newest N (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="one JSON object (docs/protocols.md)")
    return _told("audit", lambda: _audit(parser.parse_args(argv)))


def _users(options: argparse.Namespace) -> None:
    config = load_config(options.config)
    with closing(_open(config)) as db:
        if options.action == "list":
            with transaction(db):
                known = list(load_users(db).values())
            _print_users(known, as_json_too=options.json)
            return
        password = random_password() if options.action in ("add", "password") else None
        _apply(db, options, password)
        with transaction(db):
            user = load_users(db).get(options.name.lower())
    if options.json:
        made = {"user": as_json(user) if user is not None else None}
        print(json.dumps(made | ({"password": password} if password else {}), ensure_ascii=False))
    elif password is not None:
        print(f"{options.name}: first password {password}\nIt is shown this once, and must be changed at the sign-in.")
    else:
        print(f"{options.name}: {'removed' if user is None else _said(user)}")


def _apply(db: sqlite3.Connection, options: argparse.Namespace, password: str | None) -> None:
    now = SystemClock().now()
    name: str = options.name
    cameras = frozenset(options.camera) if getattr(options, "camera", None) else None
    password_hash = PasswordHasher().hash(password) if password is not None else ""
    acts: dict[str, tuple[str, Callable[[], UserRefusal | None]]] = {
        "add": (
            "user.added",
            lambda: add_user(db, name, password_hash=password_hash, role=options.role, cameras=cameras, now=now),
        ),
        "remove": ("user.removed", lambda: remove_user(db, name)),
        "role": ("user.changed", lambda: change_user(db, name, role=_role(options.role), cameras=cameras)),
        "password": ("user.password_reset", lambda: set_password(db, name, password_hash, must_change=True)),
    }
    action, act = acts[options.action]
    with transaction(db):
        refused = act()
        if refused is not None:
            raise _RefusedError(f"{name}: {_REFUSALS[refused]}")
        entry = Entry(
            at=now,
            actor=LOCAL.name,
            origin=LOCAL.origin,
            role=LOCAL.role,
            address="command",
            action=action,
            detail=name,
        )
        append(db, entries=[entry], lost=0, now=now)


def _audit(options: argparse.Namespace) -> None:
    if not 1 <= options.limit <= COUNT_MAX:
        raise _RefusedError(f"--limit is 1 to {COUNT_MAX}")
    config = load_config(options.config)
    start = SystemClock().now() - _span(options.since) if options.since else None
    wanted = Wanted(start=start, actor=options.actor, action=options.action, camera=options.camera)
    with closing(_open(config)) as db, transaction(db):
        found = find(db, wanted=wanted, count_max=options.limit)
    if options.json:
        lines = [entry_json(entry) for entry in found.entries]
        print(json.dumps({"entries": lines, "cut": found.cut, "lost": found.lost}, ensure_ascii=False))
    else:
        _print_audit(found, ZoneInfo(config.device.time_zone))


def _open(config: RecorderConfig) -> sqlite3.Connection:
    path = config.device.data_dir / NAME
    if not path.parent.is_dir():
        raise _RefusedError(f"{path.parent}: there is no such data folder: start the recorder once, or check --config")
    return open_database(path)


def _print_users(known: Sequence[User], *, as_json_too: bool) -> None:
    if as_json_too:
        print(json.dumps({"users": [as_json(user) for user in known]}, ensure_ascii=False))
        return
    for user in known:
        print(f"{user.name:<20} {_said(user)}{'  (must change its password)' if user.must_change else ''}")
    if not known:
        print("there are no users; `edge-recorder users add NAME --role admin` adds one")


def _print_audit(found: Found, zone: ZoneInfo) -> None:
    for entry in reversed(found.entries):
        at: datetime = entry.at.astimezone(zone)
        who = f"{entry.actor} ({entry.address or entry.origin})"
        what = f"{entry.action} {entry.camera}" if entry.camera else entry.action
        print(f"{at:%Y-%m-%d %H:%M:%S}  {who}  {what}  {entry.detail}")
    for count, text in ((found.cut, "older ones were cut"), (found.lost, "could not be kept")):
        if count:
            print(f"{count} {text}")


def _said(user: User) -> str:
    return f"{user.role:<9} {'all cameras' if user.cameras is None else ' '.join(sorted(user.cameras))}"


def _role(text: str) -> Role:
    return next(role for role in ROLES if role == text)


def _span(text: str) -> timedelta:
    units = {"m": "minutes", "h": "hours", "d": "days"}
    if len(text) < 2 or not text[:-1].isdecimal() or text[-1] not in units or len(text) > 7:
        raise _RefusedError(f"--since is a number and m, h or d, like 24h, not {text!r}")
    return timedelta(**{units[text[-1]]: int(text[:-1])})


def _told(name: str, act: Callable[[], None]) -> int:
    """0, or 2 after one sentence on stderr."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    try:
        act()
    except (ConfigError, RecorderError, _RefusedError, sqlite3.Error) as error:
        print(f"edge-recorder {name}: {error}", file=sys.stderr)
        return 2
    return 0
