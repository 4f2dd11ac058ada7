"""docs/reference/cli.md, from the parsers."""

import argparse
import re
from collections.abc import Iterator

from tests.docs.command_line import commands, parsers, subparsers_of


def page() -> str:
    """The whole page."""
    lines = [
        "# Commands",
        "",
        "Every command, with its options as the command itself knows them. `edge-recorder COMMAND --help` "
        "says the same "
        "on the terminal. Exit status: 0 done; 1 looked, and found something wrong; 2 refused, with one "
        "sentence on stderr.",
        "",
        "| command | |",
        "|---|---|",
    ]
    for name, text in commands().items():
        lines.append(f"| [`edge-recorder {name}`](#{_anchor(f'edge-recorder {name}')}) | {_cell(text)} |")
    for parser in parsers():
        lines += ["", *_section(parser)]
    return "\n".join(lines) + "\n"


def _section(parser: argparse.ArgumentParser) -> Iterator[str]:
    level = "##" if parser.prog.removeprefix("edge-recorder ") in commands() else "###"
    yield f"{level} {parser.prog}"
    description = re.sub(
        r"^`edge-recorder [^`]*`(, and the same as `[^`]*`)?: ", "", (parser.description or "").strip()
    )
    if description:
        yield ""
        yield _cell(description[:1].upper() + description[1:])
    actions = [
        one for one in parser._actions if not isinstance(one, (argparse._HelpAction, argparse._SubParsersAction))
    ]
    positional = [one for one in actions if not one.option_strings]
    optional = [one for one in actions if one.option_strings]
    words = [_positional(one) for one in positional] + (["COMMAND …"] if subparsers_of(parser) else [])
    yield ""
    yield "```text"
    yield " ".join([parser.prog, *(["[options]"] if optional else []), *words])
    yield "```"
    if subparsers_of(parser):
        yield ""
        yield "Subcommands: " + ", ".join(
            f"[`{name}`](#{_anchor(one.prog)})" for name, one in subparsers_of(parser).items()
        )
    if actions:
        yield ""
        yield "| | | default |"
        yield "|---|---|---|"
        for one in [*positional, *optional]:
            required = "required" if one.option_strings and one.required else _default(one)
            yield f"| {_name(one)} | {_cell(_help(one, parser))} | {required} |"
    examples = _examples(parser)
    if examples and not parser.prog.startswith("edge-recorder hdmi ") and level == "##":
        yield ""
        yield "```text"
        yield from examples
        yield "```"


def _name(action: argparse.Action) -> str:
    if not action.option_strings:
        return f"`{_positional(action)}`"
    value = "" if action.nargs == 0 else f" {_metavar(action)}"
    return ", ".join(f"`{option}{value}`" for option in action.option_strings)


def _metavar(action: argparse.Action) -> str:
    if isinstance(action.metavar, str):
        name = action.metavar
    elif action.choices is not None:
        name = "{" + ",".join(map(str, action.choices)) + "}"
    else:
        name = (action.dest if not action.option_strings else action.dest.upper()) or ""
    return f"{name} …" if action.nargs in ("+", "*") else name


def _positional(action: argparse.Action) -> str:
    name = _metavar(action)
    if action.nargs == argparse.REMAINDER:
        return f"{name} …"
    return f"[{name}]" if action.nargs in ("?", "*") else name


def _default(action: argparse.Action) -> str:
    if action.default in (None, False, argparse.SUPPRESS, []) or action.nargs == 0:
        return ""
    return f"`{action.default}`"


def _help(action: argparse.Action, parser: argparse.ArgumentParser) -> str:
    values = dict(vars(action), prog=parser.prog)
    values = {name: value for name, value in values.items() if value is not argparse.SUPPRESS}
    text = (action.help or "") % values
    if (
        action.choices is not None
        and action.metavar is not None
        and not all(str(one) in text for one in action.choices)
    ):
        choices = ", ".join(f"`{one}`" for one in action.choices)
        text = f"{text}: {choices}" if text else choices
    return text


def _examples(parser: argparse.ArgumentParser) -> list[str]:
    lines = (parser.epilog or "").rstrip().splitlines()
    return [line.removeprefix("  ") for line in lines if line.strip() != "examples:"]


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|").replace("<", "&lt;")


def _anchor(text: str) -> str:
    return text.lower().replace(" ", "-")
