"""Files and folders: whether the recorder can use them, and who else can. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from recorder.doctor.finding import Finding, found, ok

Trouble = Literal["readable_by_others", "not_writable", "not_makeable", "missing", "not_readable"]
_OF_ALL = (
    "/",
    "/etc",
    "/home",
    "/media",
    "/mnt",
    "/opt",
    "/root",
    "/run",
    "/srv",
    "/usr",
    "/var",
    "/var/lib",
    "/var/log",
)
"""Folders of the whole machine, which would break if they were given to a recorder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceTrouble:
    """Something that is not as it should be. `mode`: its permission bits. A folder that is `not_makeable` is not there,
    and the one above it lets nobody make it."""

    path: str
    trouble: Trouble
    mode: int = 0


def permission_findings(troubles: tuple[PlaceTrouble, ...]) -> Iterator[Finding]:
    """One for each trouble, or that there is none."""
    for one in troubles:
        yield _finding(one)
    if not troubles:
        yield ok(
            "permissions",
            ja="ファイルの権限に問題はありません。",
            en="The recorder can use its files, and nobody else can read its secrets.",
        )


def _finding(one: PlaceTrouble) -> Finding:
    path = one.path
    match one.trouble:
        case "readable_by_others":
            return found(
                "warning",
                "permissions",
                (
                    f"{path} には秘密が入っていますが、ほかのユーザーも読めます（{one.mode:o}）。",
                    f"{path} holds secrets, and others on this machine can read it ({one.mode:o}).",
                ),
                (f"chmod 600 {path} を実行してください。", f"Run: chmod 600 {path}."),
                path,
            )
        case "not_makeable":
            return found(
                "failure",
                "permissions",
                (f"{path} がなく、作れません。", f"{path} is not there, and cannot be made."),
                _own_folder(path),
                path,
            )
        case "not_writable" if path in _OF_ALL:
            return found(
                "failure",
                "permissions",
                (f"{path} に書き込めません。", f"{path} cannot be written to."),
                (
                    f"設定で、{path} の中の専用のフォルダーにしてください。",
                    f"Name a folder of the recorder's own in the configuration, below {path}.",
                ),
                path,
            )
        case "not_writable":
            return found(
                "failure",
                "permissions",
                (f"{path} に書き込めません。", f"{path} cannot be written to."),
                (
                    f"sudo chown -R $USER {path} を実行するか、設定で別のフォルダーにしてください。",
                    f"Run: sudo chown -R $USER {path}, or name another folder in the configuration.",
                ),
                path,
            )
        case "not_readable":
            return found(
                "failure",
                "permissions",
                (f"{path} を読めません。", f"{path} cannot be read."),
                (f"sudo chown $USER {path} を実行してください。", f"Run: sudo chown $USER {path}."),
                path,
            )
        case "missing":
            return found(
                "failure",
                "permissions",
                (f"{path} がありません。", f"{path} is not there."),
                ("ファイルを置くか、設定を直してください。", "Put the file there, or correct the configuration."),
                path,
            )


def _own_folder(path: str) -> tuple[str, str]:
    make = f"sudo install -d -m 700 -o $USER {path}"
    return (
        f"{make} を実行するか、設定で別のフォルダーにしてください。",
        f"Run: {make}, or name another folder in the configuration.",
    )
