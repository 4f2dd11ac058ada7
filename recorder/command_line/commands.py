"""`edge-recorder configs` and `completion`."""

import json
import sys
import textwrap
from pathlib import Path

from gate.command_parser import CommandParser
from gate.shipped_configs import OWN, SHIPPED, shipped_configs, write_configs
from gate.yaml_file import ConfigError

_CONFIGS = """examples:
  edge-recorder configs                       what there is
  edge-recorder configs --write configs       copies to edit, where the other commands look for them
  edge-recorder configs --write /srv/site/configs

`edge-recorder demo` writes them by itself in a folder that has none. What they make lies in
data and run, beside the folder.
"""
_COMPLETION = """examples:
  edge-recorder completion bash > ~/.local/share/bash-completion/completions/edge-recorder
  edge-recorder completion zsh > ~/.zfunc/_edge-recorder     with fpath+=~/.zfunc before compinit
  edge-recorder completion fish > ~/.config/fish/completions/edge-recorder.fish
"""


def configs(argv: list[str]) -> int:
    """Lists the configurations that come with the program, or writes copies of them."""
    parser = CommandParser(
        prog="edge-recorder configs",
        description="The configurations that come with the program; their comments explain every field.",
        epilog=_CONFIGS,
    )
    parser.add_argument("--write", type=Path, metavar="DIR", help=f"write copies to edit there, usually {OWN}")
    parser.add_argument("--json", action="store_true", help="print one JSON object: folder, files")
    options = parser.parse_args(argv)
    try:
        names = write_configs(options.write) if options.write else [SHIPPED / name for name in shipped_configs()]
    except ConfigError as error:
        print(f"edge-recorder configs: {error}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps({"folder": str(options.write or SHIPPED), "files": [str(name) for name in names]}))
    elif options.write:
        print(f"{len(names)} files in {options.write}; begin with {options.write / 'recorder.yaml'}")
    else:
        for name in names:
            print(f"{name.relative_to(SHIPPED)!s:<32}{_first_words(name)}")
        print(f"in {SHIPPED}; `edge-recorder configs --write DIR` copies them for you to edit")
    return 0


def _first_words(file: Path) -> str:
    """What a configuration says of itself first."""
    first = file.read_text(encoding="utf-8").split("\n", 1)[0].removeprefix("# ")
    return textwrap.shorten(first.split(". ")[0].rstrip("."), 66, placeholder=" …")


def completion(argv: list[str]) -> int:
    """Prints what a shell needs to complete our commands."""
    parser = CommandParser(
        prog="edge-recorder completion",
        description="Print a script that lets a shell complete commands, options and files.",
        epilog=_COMPLETION,
    )
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="which one")
    options = parser.parse_args(argv)
    import shtab

    from recorder.cli import every_command
    from recorder.command_line.parsers import whole_parser

    script = shtab.complete(whole_parser(every_command()), options.shell)
    # Where a subcommand or a file may come next only the subcommands are offered; bash then goes on to files.
    print(script.replace("complete -o bashdefault", "complete -o bashdefault -o default"))
    return 0
