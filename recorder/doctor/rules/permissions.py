"""Files and folders: whether the recorder can use them, and who else can. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from recorder.doctor.finding import Finding, found, ok

Trouble = Literal["readable_by_others", "not_writable", "missing", "not_readable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceTrouble:
    """Something that is not as it should be. `mode`: its permission bits."""

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
