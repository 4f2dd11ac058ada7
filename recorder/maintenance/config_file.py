"""The configuration as a file that people edit from afar: checked, kept in versions, put in place whole. Blocks.

1. What is put in place has been checked as a whole first, from the same folder, so that relative paths mean the same.
2. It replaces the file in one step, with the file's own mode; comments stay, as the text itself is edited.
3. Every version that was in place is kept (VERSIONS_MAX, mode 0600, as they hold secrets); the file as somebody else
   left it is kept before it is replaced.
4. Whoever edits says which version that was based on: of two at once the second is refused.
"""

import contextlib
import difflib
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import yaml

from gate.yaml_file import FILE_BYTES_MAX, ConfigError
from recorder.maintenance.errors import MaintenanceError
from recorder.maintenance.masking import left_masked, mask, unmask, values_of
from recorder.segments.volume import sync_folder

FOLDER_NAME = "config-versions"
VERSIONS_MAX = 50
DIFF_LINES_MAX = 2000
_INDEX_NAME = "versions.json"
_SECRET_UNKNOWN = "what is secret here is not known, or would go to another address than before: write it"
_PLACED = re.compile(r"line (\d+)(?:, |: )(?:([\w.\[\]]+): )?(.*)", re.DOTALL)


class ConfigConflictError(MaintenanceError):
    """The file is not the one that the change was made from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """What is wrong with a text. `line` and `field`: where that is known."""

    problem: str
    line: int | None = None
    field: str | None = None


class ConfigRefusedError(MaintenanceError):
    """`mistakes`: at least one."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__(mistakes[0].problem)
        self.mistakes = mistakes


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A text that was in place. `by`: who put it there, empty for whoever edited the file by hand."""

    number: int
    at: str
    by: str
    sha256: str
    note: str = ""


class ConfigFile:
    """`check` reads a file as the recorder would, and says what may not be changed; it raises ConfigError."""

    def __init__(self, path: Path, data_dir: Path, check: Callable[[Path], object]) -> None:
        self._path = path.resolve()
        self._folder = data_dir / FOLDER_NAME
        self._check = check

    def read(self) -> tuple[str, str]:
        """The text with its secrets masked, and the SHA-256 that a change is based on. Raises MaintenanceError."""
        text = self._text()
        return _masked(text), _digest(text)

    def secrets(self) -> list[str]:
        """What it keeps secret, in place and in versions. Raises MaintenanceError."""
        texts = [self._text(), *(self._kept(version.number) or "" for version in self.versions())]
        found: set[str] = set()
        for text in texts:
            with contextlib.suppress(yaml.YAMLError):
                found.update(values_of(text))
        return sorted(found)

    def versions(self) -> list[Version]:
        """The newest first."""
        try:
            rows = json.loads((self._folder / _INDEX_NAME).read_bytes())
            return sorted((Version(**row) for row in rows), key=lambda version: -version.number)
        except (OSError, ValueError, TypeError):
            return []

    def version(self, number: int) -> tuple[str, str] | None:
        """A version's text, masked, and how the file in place differs from it (unified); None if it is gone."""
        text = self._kept(number)
        if text is None:
            return None
        old, new = _masked(text), _masked(self._text())
        lines = difflib.unified_diff(
            old.splitlines(), new.splitlines(), f"version {number}", "in place", lineterm="", n=2
        )
        return old, "\n".join(list(lines)[:DIFF_LINES_MAX])

    def put(self, masked: str, based_on: str, *, by: str, at: str, note: str = "") -> str:
        """Puts a text in place whose masked secrets are those of the file; gives its SHA-256. Raises MaintenanceError:
        ConfigConflictError, ConfigRefusedError, or a file that cannot be written."""
        before = self._text()
        if _digest(before) != based_on:
            raise ConfigConflictError(f"{self._path}: somebody has changed it meanwhile")
        try:
            text = unmask(masked, before)
            lines = left_masked(text)
        except yaml.YAMLError as error:
            raise ConfigRefusedError([_yaml_mistake(error)]) from None
        return self._put(text, before, by=by, at=at, note=note, unknown_lines=lines)

    def restore(self, number: int, *, by: str, at: str) -> str:
        """Puts a version in place again, its secrets included. Raises MaintenanceError as `put` does."""
        text = self._kept(number)
        if text is None:
            raise MaintenanceError(f"version {number} is not kept any more")
        return self._put(text, self._text(), by=by, at=at, note=f"version {number} again")

    def _put(self, text: str, before: str, *, by: str, at: str, note: str, unknown_lines: Sequence[int] = ()) -> str:
        content = text.encode()
        if len(content) > FILE_BYTES_MAX:
            raise ConfigRefusedError([Mistake(problem="it is larger than a configuration may be")])
        temporary = self._checked(content)
        try:
            if unknown_lines:
                raise ConfigRefusedError([Mistake(problem=_SECRET_UNKNOWN, line=line) for line in unknown_lines])
            self._keep(before, by="", at=at, note="")
            temporary.chmod(self._path.stat().st_mode & 0o777)
            temporary.replace(self._path)
            sync_folder(self._path.parent)
            self._keep(text, by=by, at=at, note=note)
        except OSError as error:
            raise MaintenanceError(f"{error.filename or self._path}: cannot be written: {error.strerror}") from None
        finally:
            temporary.unlink(missing_ok=True)
        return _digest(text)

    def _checked(self, content: bytes) -> Path:
        """A file beside, checked and on disk."""
        try:
            fd, name = tempfile.mkstemp(prefix=".", suffix=".yaml", dir=self._path.parent)
        except OSError as error:
            raise MaintenanceError(f"{self._path.parent}: cannot be written to: {error.strerror}") from None
        temporary = Path(name)
        try:
            with os.fdopen(fd, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            self._check(temporary)
        except ConfigError as error:
            temporary.unlink(missing_ok=True)
            raise ConfigRefusedError([_mistake(str(error), temporary)]) from None
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise MaintenanceError(f"{self._path}: cannot be written: {error.strerror}") from None
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        return temporary

    def _keep(self, text: str, *, by: str, at: str, note: str) -> None:
        versions = self.versions()
        if versions and versions[0].sha256 == _digest(text):
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = versions[0].number + 1 if versions else 1
        _write(self._folder / f"{number:06}.yaml", text.encode())
        versions.insert(0, Version(number=number, at=at, by=by, sha256=_digest(text), note=note))
        for old in versions[VERSIONS_MAX:]:
            (self._folder / f"{old.number:06}.yaml").unlink(missing_ok=True)
        _write(self._folder / _INDEX_NAME, json.dumps([asdict(one) for one in versions[:VERSIONS_MAX]]).encode())

    def _kept(self, number: int) -> str | None:
        if all(version.number != number for version in self.versions()):
            return None
        try:
            return (self._folder / f"{number:06}.yaml").read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    def _text(self) -> str:
        try:
            return self._path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise MaintenanceError(f"{self._path}: cannot be read: {error}") from None


def _masked(text: str) -> str:
    """What is no YAML any more is not shown at all: nobody knows where its secrets are."""
    try:
        return mask(text)
    except yaml.YAMLError:
        return ""


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _mistake(sentence: str, temporary: Path) -> Mistake:
    rest = sentence.replace(str(temporary), "").lstrip(",: ")
    placed = _PLACED.match(rest)
    return Mistake(problem=placed[3], line=int(placed[1]), field=placed[2]) if placed else Mistake(problem=rest)


def _yaml_mistake(error: yaml.YAMLError) -> Mistake:
    mark = getattr(error, "problem_mark", None)
    return Mistake(problem=f"not valid YAML: {getattr(error, 'problem', error)}", line=mark.line + 1 if mark else None)


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_suffix(".new")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)
