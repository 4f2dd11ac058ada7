"""What somebody far away needs to help: the newest log, the configuration without its secrets, the state, versions.
Blocks."""

import io
import json
import platform
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distributions, version
from typing import Any

from recorder.maintenance.masking import redact

PART_BYTES_MAX = 8 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleParts:
    """`secrets`: what must stand nowhere, whoever logged it."""

    log: str
    config: str
    objects: Mapping[str, Any]
    secrets: tuple[str, ...]
    made_unix_seconds: int


def make_bundle(parts: BundleParts) -> bytes:
    """A tar.gz of text files."""
    texts = {"log.txt": parts.log, "config.yaml": parts.config, "versions.txt": _versions()}
    texts |= {f"{name}.json": json.dumps(one, ensure_ascii=False, indent=1) for name, one in parts.objects.items()}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=6) as archive:
        for name, text in texts.items():
            content = redact(text, list(parts.secrets)).encode(errors="replace")[-PART_BYTES_MAX:]
            entry = tarfile.TarInfo(f"edge-recorder-logs/{name}")
            entry.size, entry.mode, entry.mtime = len(content), 0o644, parts.made_unix_seconds
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def _versions() -> str:
    try:
        own = version("edge-recorder")
    except PackageNotFoundError:
        own = "?"
    lines = [f"edge-recorder {own}", f"python {sys.version.split()[0]}", platform.platform()]
    packages = sorted({f"{one.metadata['Name']} {one.version}" for one in distributions() if one.metadata["Name"]})
    return "\n".join([*lines, "", *packages, ""])
