"""Pictures as they come from the camera: access units for a decoder in another process."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from recorder.media.access_unit import AccessUnit, VideoFormat
from recorder.web.media_header import MediaKind


class UnitForm:
    """The form of every stream on the local site."""

    kind = MediaKind.ACCESS_UNIT
    restarts_with_run = False

    def hello(self, video: VideoFormat) -> Mapping[str, Any]:
        return {
            "codec": video.codec,
            "width": video.width,
            "height": video.height,
            "decoder_configuration": base64.b64encode(video.decoder_configuration).decode(),
        }

    def init(self, video: VideoFormat) -> bytes:
        return b""

    def picture(self, unit: AccessUnit) -> Sequence[bytes]:
        return (unit.data,)
