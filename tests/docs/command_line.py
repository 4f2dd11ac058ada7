"""What the real parsers of `edge-recorder` understand: nothing of a command but its parser is run."""

import argparse
import contextlib
import io
from collections.abc import Iterator, Sequence
from typing import Any

from recorder import cli
from recorder.command_line.parsers import ORDERS, parser_of


class _ParsedError(BaseException):
    """Ends a command as soon as its words were parsed. It is no Exception, so that no command takes it for its own."""


class RefusedError(Exception):
    """Words that a command does not take; its own sentence."""


def check(words: Sequence[str]) -> None:
    """Has the command parse its words, and goes no further. Raises RefusedError."""
    real = argparse.ArgumentParser.parse_args

    def parse_args(self: argparse.ArgumentParser, args: Any = None, namespace: Any = None) -> Any:
        real(self, args, namespace)
        raise _ParsedError

    out, err = io.StringIO(), io.StringIO()
    argparse.ArgumentParser.parse_args = parse_args  # type: ignore[method-assign,assignment]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = cli.main(list(words))
    except _ParsedError:
        return
    except SystemExit as end:
        if end.code not in (0, None):
            raise RefusedError(err.getvalue().strip()) from None
        return
    finally:
        argparse.ArgumentParser.parse_args = real  # type: ignore[method-assign]
    if status != 0 or (words and words[0] not in ("-h", "--help")):
        raise RefusedError(err.getvalue().strip() or f"{' '.join(words)}: nothing was parsed")


def commands() -> dict[str, str]:
    """Every command with its line in `edge-recorder --help`."""
    return {name: text for name, (_, text) in cli._COMMANDS.items()}


def parsers() -> Iterator[argparse.ArgumentParser]:
    """Every parser with options of its own: commands, then their subcommands, in the order of `--help`."""
    for name, (command, _) in cli.every_command().items():
        yield from _within(parser_of(command, []))
        for word in ORDERS.get(name, ()):
            yield from list(_within(parser_of(command, [word])))[1:]


def subparsers_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Its subcommands by their names."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def _within(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for one in subparsers_of(parser).values():
        yield from _within(one)
