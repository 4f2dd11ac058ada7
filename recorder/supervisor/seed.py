"""What a demo's licence service is told of the demo's recorder, so that the site is registered and licensed from its
first moment: everything a person would otherwise type into the portal."""

import json
from pathlib import Path

from gate.client.registration import open_registration
from recorder.config import RecorderConfig
from recorder.errors import RecorderError
from recorder.licence_source import maker_of

SEED_NAME = "demo-site.json"


def write_seed(path: Path, recorder: RecorderConfig, months: int) -> None:
    """Makes the recorder's key, if there is none yet, and writes its label, cameras and the months of its licences; for
    this user only: the label holds the registration code. Raises gate.client.errors.LicensingError or RecorderError."""
    registration = open_registration(recorder.device.data_dir, maker_of(recorder))
    seed = {
        "label": registration.text,
        "name": recorder.device.id,
        "cameras": [{"id": camera.id, "name": camera.name} for camera in recorder.cameras],
        "months": months,
    }
    try:
        path.touch(mode=0o600)
        path.write_text(json.dumps(seed, ensure_ascii=False), encoding="utf-8")
    except OSError as error:
        raise RecorderError(f"{path}: cannot be written: {error.strerror}") from None
