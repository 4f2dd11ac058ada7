"""The configurations that come with the program: `configs/` of the project, which is packed into its wheel.

A leaf like gate.yaml_file: any package may use it.
"""

import shutil
from pathlib import Path

from gate.yaml_file import ConfigError

SHIPPED = Path(__file__).with_name("configs")
OWN = Path("configs")
"""Where commands look for a configuration that nobody named: below the current directory."""


def shipped_configs() -> list[Path]:
    """Every file, relative to SHIPPED."""
    return sorted(path.relative_to(SHIPPED) for path in SHIPPED.rglob("*.yaml"))


def write_configs(folder: Path) -> list[Path]:
    """Copies of all of them, to be edited. Whatever they make lies beside the folder, in `data` and `run`. Gives the
    files. Raises ConfigError; a file that is there already is left alone, and then nothing is written."""
    for name in shipped_configs():
        if (folder / name).exists():
            raise ConfigError(f"{folder / name} is there already: name another folder, or move it away")
    written = []
    for name in shipped_configs():
        place = folder / name
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(SHIPPED / name, place)
        except OSError as error:
            raise ConfigError(
                f"{place}: cannot be written ({error.strerror}): go to a folder of your own, or name one"
            ) from None
        written.append(place)
    return written


def own_or_shipped(name: str) -> Path:
    """A file or folder of `configs/` that is only read: below the current directory if there is one, else ours."""
    return OWN / name if (OWN / name).exists() else SHIPPED / name
