"""Lines of a shell in the documentation: whether what they call is there, without running any of it."""

import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from tests.docs.command_line import RefusedError, check
from tests.docs.pages import ROOT

_OTHERS = """
apt cat cd chmod chown cp createdb createuser curl df docker du echo export ffplay ffprobe find gh git grep head
install ip journalctl jq kill ln loginctl ls lsblk man mkdir mosquitto_pub mosquitto_sub mount mv nmcli openssl
pg_dump pip pipx printf promtool psql pwd python python3 rm rsync scp sed sha256sum sleep source sqlite3 ssh su
systemctl systemd-analyze systemd-cgls tail tar tee test timedatectl trap true umount uname unzip uv vcgencmd vlc
wait wget xset prometheus useradd
"""
OTHERS = frozenset(_OTHERS.split())
"""Programs of other people's that may be called."""
PREFIXES = ("sudo", "nice", "time", "env", "exec", "nohup")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*")
_SEPARATORS = {"|", "&&", "||", ";", "&"}
_OURS = re.compile(r"(configs|tests|docs|gate|recorder|camera_sim|hdmi_out)/[\w./-]+")


def troubles(text: str) -> Iterator[str]:
    """What is wrong with a block of shell lines, a sentence each."""
    made = set(re.findall(r">\s*([\w./-]+)", text))
    for line in _lines(text):
        try:
            commands = list(_commands(line))
        except ValueError as error:
            yield f"{line}: no shell reads this: {error}"
            continue
        for words in commands:
            yield from (f"{line}: {trouble}" for trouble in _troubles_of([word for word in words if word not in made]))


def _lines(text: str) -> Iterator[str]:
    joined = re.sub(r"\\\n\s*", " ", text)
    end = ""
    for line in joined.splitlines():
        if end:
            end = "" if line.strip() == end else end
            continue
        here = re.search(r"<<-?\s*'?(\w+)'?", line)
        end = here[1] if here else ""
        if line.strip() and not line.strip().startswith("#"):
            yield line.strip()


def _commands(line: str) -> Iterator[list[str]]:
    lexer = shlex.shlex(re.sub(r"\s\d(?=>)", " ", line), posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split, lexer.commenters = True, "#"
    words: list[str] = []
    skip = False
    for word in lexer:
        if skip:
            skip = False
        elif word in _SEPARATORS:
            yield words
            words = []
        elif set(word) <= set("<>&|"):
            skip = True
        else:
            words.append(word)
    yield words


def _troubles_of(words: list[str]) -> Iterator[str]:
    while words and (_ASSIGNMENT.fullmatch(words[0]) or words[0] in PREFIXES or words[0].startswith("-")):
        words = words[2:] if words[0] == "-u" else words[1:]
    if not words or words[0] == "." or words[0].startswith("$"):
        return
    name = words[0].removeprefix(".venv/bin/").removeprefix("/opt/edge-recorder/bin/")
    if name == "edge-recorder":
        try:
            check([re.sub(r"^\$\w+$", "VALUE", word) for word in words[1:]])
        except RefusedError as error:
            yield str(error)
    elif name == "make":
        yield from _make(words[1:])
    elif name in ("python", "python3") and words[1:2] == ["-m"]:
        if words[2] not in ("venv", "pip", "http.server") and importlib.util.find_spec(words[2]) is None:
            yield f"there is no module {words[2]}"
    elif name not in ("pytest", "ruff", "mypy", "mkdocs") and name not in OTHERS:
        yield f"{name} is no program that is known here"
    yield from (f"there is no {word}" for word in words[1:] if _OURS.fullmatch(word) and not exists(word))


def exists(path: str) -> bool:
    """Whether a path of this project is there; a pattern counts where something fits."""
    return bool(list(ROOT.glob(path))) if "*" in path else (ROOT / path).exists()


def _make(words: list[str]) -> Iterator[str]:
    known = set(re.findall(r"^([A-Za-z][\w-]*):", (Path(ROOT) / "Makefile").read_text(), re.MULTILINE))
    targets = [word for word in words if "=" not in word and not word.startswith("-")]
    yield from (f"there is no make {target}" for target in targets if target not in known)
