"""The manual page, made of the parsers: `python -m recorder.command_line.manual > edge-recorder.1`. Pure but for its
last lines."""

import argparse
import re
import sys
from collections.abc import Iterator
from importlib.metadata import version

_ENDS = """.SH EXIT STATUS
0 it was done; 1 it was done, and what was looked for is not so (a check, a verification); 2 it could not be done: the
one sentence on standard error says why, and what to do.
.SH FILES
.TP
.I configs/recorder.yaml
What most commands read when no configuration is named, below the current directory. edge\\-recorder configs \\-\\-write
DIR writes it and the others, each field explained in them.
.SH SIGNALS
SIGTERM and SIGINT end a process in good order. SIGHUP makes a recorder read its cameras from its configuration again.
"""


def manual_page(whole: argparse.ArgumentParser, release: str) -> str:
    """The page in man(7)'s language."""
    lines = [
        f'.TH EDGE\\-RECORDER 1 "" "edge\\-recorder {release}" "User Commands"',
        ".SH NAME",
        f"edge\\-recorder \\- {_safe(_first_lower(whole.description or '').rstrip('.'))}",
        ".SH SYNOPSIS",
        ".B edge\\-recorder",
        ".I COMMAND",
        "…",
        ".SH COMMANDS",
    ]
    for parser in _parsers(whole):
        lines += _section(parser)
    return "\n".join(lines) + "\n" + _ENDS


def _parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield below
                yield from _parsers(below)


def _section(parser: argparse.ArgumentParser) -> Iterator[str]:
    yield f".SS {_safe(parser.prog)}"
    yield _safe(parser.description or "")
    yield ".P"
    usage = re.sub(r"\s+", " ", parser.format_usage().removeprefix("usage:")).strip()
    yield _safe(usage)
    for action in parser._actions:
        if isinstance(action, (argparse._HelpAction, argparse._SubParsersAction)) or action.help == argparse.SUPPRESS:
            continue
        yield ".TP"
        yield f".B {_safe(_called(action))}"
        yield _safe(_help(parser, action))
    if parser.epilog:
        yield from (".P", ".nf", _safe(parser.epilog.strip("\n")), ".fi")


def _called(action: argparse.Action) -> str:
    wanted = action.metavar or action.dest.upper()
    value = " ".join(wanted) if isinstance(wanted, tuple) else wanted
    if not action.option_strings:
        return value.lower() if action.metavar is None else value
    names = ", ".join(action.option_strings)
    return names if action.nargs == 0 else f"{names} {value}"


def _help(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    return (action.help or "") % {**vars(action), "prog": parser.prog} if action.help else ""


def _first_lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _safe(text: str) -> str:
    """Words as words: neither a dash nor a dot at the beginning of a line means anything."""
    quoted = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^(?=[.'])", r"\\&", quoted, flags=re.MULTILINE)


if __name__ == "__main__":
    from recorder.cli import every_command
    from recorder.command_line.parsers import whole_parser

    sys.stdout.write(manual_page(whole_parser(every_command()), version("edge-recorder")))
