"""The parsers of all commands, as one: what completion and the manual page are made of.

Each command makes its parser when it is called, and gives it its words. Here every command is called once, and the
parser answers with itself in place of the words' meaning: whatever a command understands is known without a second list
of it.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import shtab

Command = Callable[[list[str]], int]

ORDERS: Mapping[str, Sequence[str]] = {"hdmi": ("key",)}
"""Commands with a second parser, and a word that leads to it."""


class _AskedError(BaseException):
    def __init__(self, parser: argparse.ArgumentParser) -> None:
        super().__init__()
        self.parser = parser


def whole_parser(commands: Mapping[str, tuple[Command, str]]) -> argparse.ArgumentParser:
    """One parser with a subparser for each command (`run`, `cameras discover`), its place being its name; beside each
    the line that lists it."""
    whole = argparse.ArgumentParser(
        prog="edge-recorder", description="Record cameras for as long as they are licensed."
    )
    whole.add_argument("--version", action="store_true", help="print the version")
    places = whole.add_subparsers(metavar="COMMAND")
    for name, (command, text) in commands.items():
        if " " in name:
            continue
        within = {
            longer.removeprefix(f"{name} "): (parser_of(other, []), line)
            for longer, (other, line) in commands.items()
            if longer.startswith(f"{name} ")
        }
        for word in ORDERS.get(name, ()):
            within |= _subparsers_of(parser_of(command, [word]))
        _add(places, name, parser_of(command, []), text, within)
    return whole


def _add(places: Any, name: str, own: argparse.ArgumentParser, text: str, within: Mapping[str, Any]) -> None:
    """A parser that understands what `own` does; `within`: more words that may come first, with their own parsers."""
    kept = argparse.ArgumentParser(prog=own.prog, add_help=False)
    if within:
        more = kept.add_subparsers(metavar="COMMAND")
        for word, (parser, line) in within.items():
            _add(more, word, parser, line, {})
    for action in own._actions:
        if not within or action.option_strings:
            kept._add_action(action)
        if action.type is Path and not hasattr(action, "complete"):
            wanted = shtab.DIRECTORY if action.metavar in ("DIR", "FOLDER") else shtab.FILE
            action.complete = wanted  # type: ignore[attr-defined]
    places.add_parser(
        name,
        parents=[kept],
        add_help=False,
        help=text,
        description=own.description,
        epilog=own.epilog,
        formatter_class=own.formatter_class,
    )


def _subparsers_of(parser: argparse.ArgumentParser) -> dict[str, tuple[argparse.ArgumentParser, str]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            lines = {choice.dest: choice.help or "" for choice in action._choices_actions}
            return {name: (below, lines.get(name, "")) for name, below in action.choices.items()}
    return {}


def parser_of(command: Command, words: Sequence[str]) -> argparse.ArgumentParser:
    """The parser that this command would give these words to."""
    with _answering():
        try:
            command(list(words))
        except _AskedError as asked:
            return asked.parser
    raise LookupError(f"{command.__name__} has parsed nothing")


@contextmanager
def _answering() -> Any:
    def answer(self: argparse.ArgumentParser, *_: object, **__: object) -> NoReturn:
        raise _AskedError(self)

    names = ("parse_args", "parse_known_args", "parse_intermixed_args")
    real = {name: getattr(argparse.ArgumentParser, name) for name in names}
    for name in names:
        setattr(argparse.ArgumentParser, name, answer)
    try:
        yield
    finally:
        for name in names:
            setattr(argparse.ArgumentParser, name, real[name])
