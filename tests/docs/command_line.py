"""The real parsers of `edge-recorder`, reached through its entry: nothing of a command but its parser is run."""

import argparse
import contextlib
import io
from collections.abc import Iterator, Sequence
from typing import Any

from recorder import cli

SECOND_PARSERS = {"hdmi": ("key", "left")}
"""Commands with a parser of their own for what begins with such words."""


class _Parsed(BaseException):
    """Ends a command as soon as its words were parsed. It is no Exception, so that no command takes it for its own."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        super().__init__()
        self.parser = parser


class RefusedError(Exception):
    """Words that a command does not take; its own sentence."""


def parser_of(words: Sequence[str]) -> argparse.ArgumentParser:
    """The outermost parser that sees these words. Raises RefusedError."""
    return _run(words, parse=False)


def check(words: Sequence[str]) -> None:
    """Has the command parse its words, and goes no further. Raises RefusedError."""
    _run(words, parse=True)


def commands() -> dict[str, str]:
    """Every command with its line in `edge-recorder --help`."""
    return {name: text for name, (_, text) in cli._COMMANDS.items()}


def parsers() -> Iterator[argparse.ArgumentParser]:
    """Every parser with options of its own: commands, then their subcommands, in the order of `--help`."""
    for name in commands():
        yield from _within(parser_of(name.split()))
        if name in SECOND_PARSERS:
            yield from list(_within(parser_of([name, *SECOND_PARSERS[name]])))[1:]


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


def _run(words: Sequence[str], *, parse: bool) -> argparse.ArgumentParser:
    real = argparse.ArgumentParser.parse_args

    def parse_args(self: argparse.ArgumentParser, args: Any = None, namespace: Any = None) -> Any:
        if parse:
            real(self, args, namespace)
        raise _Parsed(self)

    out, err = io.StringIO(), io.StringIO()
    argparse.ArgumentParser.parse_args = parse_args  # type: ignore[method-assign,assignment]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = cli.main(list(words))
    except _Parsed as parsed:
        return parsed.parser
    except SystemExit as end:
        if end.code in (0, None) and parse:
            return argparse.ArgumentParser()
        raise RefusedError(err.getvalue().strip()) from None
    finally:
        argparse.ArgumentParser.parse_args = real  # type: ignore[method-assign]
    if status == 0 and (not words or words[0] in ("-h", "--help")):
        return argparse.ArgumentParser()
    raise RefusedError(err.getvalue().strip() or f"{' '.join(words)}: nothing was parsed")
