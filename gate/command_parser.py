"""How every command of ours shows its help: what it does, in the terminal's width; its options; its examples.

A leaf: any package may use it.
"""

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    _Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    _Subparsers = argparse._SubParsersAction  # generic in its stub alone


class _Layout(argparse.HelpFormatter):
    """Text without line breaks is laid out; text that has some stays as it was written."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if "\n" not in text.strip():
            return super()._fill_text(text, width, indent)
        return "".join(f"{indent}{line}" for line in text.splitlines(keepends=True))


class CommandParser(argparse.ArgumentParser):
    """A command. A subcommand is described by the line that lists it, and has those of its parent's examples that are
    its own; all of them, if none is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"formatter_class": _Layout, **kwargs})
        self.register("action", "parsers", _Subcommands)

    def add_subparsers(self, **kwargs: Any) -> "_Subcommands":  # type: ignore[override]
        """As in argparse."""
        made = super().add_subparsers(**kwargs)
        assert isinstance(made, _Subcommands)
        made.examples = self.epilog or ""
        return made


class _Subcommands(_Subparsers):
    examples = ""

    def add_parser(self, name: str, **kwargs: Any) -> argparse.ArgumentParser:
        text = kwargs.get("help") or ""
        own = [line for line in self.examples.splitlines() if f"{self._prog_prefix} {name}" in line]
        epilog = "\n".join(["examples:", *own]) if own else self.examples
        return super().add_parser(name, **{"description": text[:1].upper() + text[1:], "epilog": epilog, **kwargs})
