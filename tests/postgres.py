"""A PostgreSQL cluster of the test session's own: in a temporary folder, on a unix socket, gone afterwards."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

START_SECONDS_MAX = 60
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "listen_addresses": "",
    "max_connections": "80",
    "shared_buffers": "32MB",
    "autovacuum": "off",
    "timezone": "UTC",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """`url(name)` is what SQLAlchemy connects to."""

    socket_dir: Path

    def url(self, database: str) -> str:
        """Of one of its databases."""
        return f"postgresql+asyncpg://tester@/{database}?host={self.socket_dir}"


def programs() -> Path | None:
    """Where the newest PostgreSQL's programs are; None: there is none."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if on_path := shutil.which("initdb"):
        found.append(Path(on_path).resolve().parent)
    return max(found, key=lambda path: (path.parent.name.zfill(4), str(path)), default=None)


@contextlib.contextmanager
def cluster(bin_dir: Path) -> Iterator[Cluster]:
    """Makes and runs one, as somebody unprivileged: PostgreSQL refuses to run as root."""
    user = "nobody" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a short path: sockets allow about 100 characters
    if user:
        entry = pwd.getpwnam(user)
        os.chown(folder, entry.pw_uid, entry.pw_gid)
    data = folder / "data"

    def run(*command: str) -> None:
        done = subprocess.run(
            command, cwd=folder, user=user, group=entry.pw_gid if user else None, extra_groups=[] if user else None,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=START_SECONDS_MAX, check=False,
        )  # fmt: skip
        if done.returncode:
            log = folder / "log"
            raise RuntimeError(f"{command[0]}: {done.stderr}{log.read_text() if log.exists() else ''}")

    ctl = str(bin_dir / "pg_ctl")
    try:
        run(
            str(bin_dir / "initdb"), "-D", str(data), "-U", "tester", "--auth=trust", "--no-sync", "-E", "UTF8",
            "--locale=C.UTF-8", "--no-instructions",
        )  # fmt: skip
        options = " ".join(f"-c {name}='{value}'" for name, value in _SETTINGS.items())
        run(ctl, "start", "-s", "-w", "-D", str(data), "-l", str(folder / "log"), "-o", f"{options} -k {folder}")
        try:
            yield Cluster(socket_dir=folder)
        finally:
            run(ctl, "stop", "-s", "-w", "-m", "immediate", "-D", str(data))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
