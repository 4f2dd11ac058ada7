"""Whatever a person types after `edge-recorder`: help with examples that fits a terminal, completion, a manual."""

import argparse
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from recorder import cli
from recorder.command_line.manual import manual_page
from recorder.command_line.parsers import ORDERS, parser_of, whole_parser

COLUMNS_MAX = 100
MAN = {"MANWIDTH": "100", "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
COMMANDS = cli.every_command()


def within(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from within(below)


def every_parser() -> dict[str, argparse.ArgumentParser]:
    found = {}
    for name, (command, _) in COMMANDS.items():
        for words in ([], *([word] for word in ORDERS.get(name, ()))):
            found |= {one.prog: one for one in within(parser_of(command, words))}
    return found


PARSERS = every_parser()


@pytest.mark.parametrize("name", PARSERS)
def test_every_command_says_what_it_does_with_an_example_and_fits_the_terminal(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(COLUMNS_MAX))
    parser = PARSERS[name]
    assert name.startswith("edge-recorder ")
    assert parser.description and not parser.description.startswith("`"), "a sentence, no name of a module"
    assert "edge-recorder " in (parser.epilog or ""), "examples"
    told = parser.format_help()
    assert not [line for line in told.splitlines() if len(line) > COLUMNS_MAX]


@pytest.mark.parametrize("name", PARSERS)
def test_every_option_says_what_it_is_for(name: str) -> None:
    told = [action for action in PARSERS[name]._actions if not isinstance(action, argparse._SubParsersAction)]
    assert not [action.dest for action in told if not action.help]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_ends_well_and_unknown_words_are_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([*name.split(), "--help"])
    assert ended.value.code == 0
    assert f"usage: edge-recorder {name}" in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        cli.main([*name.split(), "--no-such-option"])
    assert ended.value.code == 2


def test_a_command_that_is_not_there_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["recrod"]) == 2
    assert capsys.readouterr().err == (
        "edge-recorder: there is no command 'recrod'; `edge-recorder --help` lists them\n"
    )


def completions(script: Path, *words: str) -> set[str]:
    """What bash offers for the last of these words."""
    line = " ".join(words)
    asked = f"""
source {script}
COMP_WORDS=({line.rstrip()} {"''" if line.endswith(" ") else ""}); COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
COMP_LINE={line!r}; COMP_POINT=${{#COMP_LINE}}
$(complete -p edge-recorder | sed -E 's/.*-F ([^ ]+) .*/\\1/') edge-recorder
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_bash_completes_commands_subcommands_and_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["completion", "bash"]) == 0
    script = tmp_path / "edge-recorder"
    script.write_text(capsys.readouterr().out)
    first = completions(script, "edge-recorder", "")
    assert {name.split()[0] for name in COMMANDS} <= first
    assert completions(script, "edge-recorder", "licence", "ver") == {"verify"}
    assert {"--json", "--duration"} <= completions(script, "edge-recorder", "demo", "--")
    assert "discover" in completions(script, "edge-recorder", "cameras", "dis")


@pytest.mark.parametrize(("shell", "check"), [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")])
def test_completion_is_a_script_that_its_shell_can_read(
    shell: str, check: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["completion", shell]) == 0
    script = tmp_path / "script"
    script.write_text(capsys.readouterr().out)
    assert "edge-recorder" in script.read_text()
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    done = subprocess.run([shell, check, script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_manual_page_has_every_command_and_no_stray_orders() -> None:
    page = manual_page(whole_parser(COMMANDS), "1.2.3")
    for name in PARSERS:
        assert f".SS {name}".replace("-", "\\-") in page, name
    orders = {line.split()[0] for line in page.splitlines() if line.startswith((".", "'"))}
    assert orders == {".TH", ".SH", ".SS", ".B", ".I", ".P", ".TP", ".nf", ".fi"}


@pytest.mark.skipif(shutil.which("man") is None, reason="man is not installed")
def test_man_finds_nothing_wrong_in_the_page(tmp_path: Path) -> None:
    place = tmp_path / "edge-recorder.1"
    place.write_text(manual_page(whole_parser(COMMANDS), "1.2.3"))
    done = subprocess.run(
        ["man", "--warnings=w", "--encoding=utf8", "-l", place],
        capture_output=True, text=True, check=True, env=MAN,
    )  # fmt: skip
    assert done.stderr == ""
    assert re.search(r"edge-recorder\s+systemd install", done.stdout)
