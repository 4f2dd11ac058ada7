"""The functions that a licence decides on, and their rows in the matrix M1 to M9 of the manual."""

import enum

from gate.licence.text import Text


class Feature(enum.Enum):
    """One function of the product. Values are stable: they stand in APIs, reports and signed profiles."""

    HDMI_LIVE = "hdmi_live"
    REMOTE_LIVE = "remote_live"
    REMOTE_CONTROL = "remote_control"
    REMOTE_DOWNLOAD = "remote_download"
    RECORDING = "recording"
    HDMI_PLAYBACK = "hdmi_playback"
    REMOTE_PLAYBACK = "remote_playback"
    SD_EXPORT = "sd_export"
    HDMI_EVENTS = "hdmi_events"
    REMOTE_EVENTS = "remote_events"
    REMOTE_MAINTENANCE = "remote_maintenance"

    @property
    def matrix_id(self) -> str:
        """`M1` to `M9`. M2 has three features."""
        return _ROWS[self][0]

    @property
    def title(self) -> Text:
        """The name that people read."""
        return _ROWS[self][1]


_ROWS = {
    Feature.HDMI_LIVE: ("M1", Text(ja="HDMIモニターのライブ映像", en="Live view on the HDMI monitor")),
    Feature.REMOTE_LIVE: ("M2", Text(ja="リモートのライブ映像", en="Remote live view")),
    Feature.REMOTE_CONTROL: ("M2", Text(ja="リモートのカメラ制御", en="Remote camera control")),
    Feature.REMOTE_DOWNLOAD: ("M2", Text(ja="リモートのダウンロード", en="Remote download")),
    Feature.RECORDING: ("M3", Text(ja="エッジストレージ録画", en="Recording to the edge storage")),
    Feature.HDMI_PLAYBACK: ("M4", Text(ja="HDMIモニターの再生・検索", en="Playback and search on the HDMI monitor")),
    Feature.REMOTE_PLAYBACK: ("M5", Text(ja="リモートの再生・検索", en="Remote playback and search")),
    Feature.SD_EXPORT: ("M6", Text(ja="SDカード映像の取り出し", en="Taking footage off the SD card")),
    Feature.HDMI_EVENTS: ("M7", Text(ja="HDMIモニターのイベント通知", en="Event notices on the HDMI monitor")),
    Feature.REMOTE_EVENTS: ("M8", Text(ja="リモートのイベント通知", en="Remote event notices")),
    Feature.REMOTE_MAINTENANCE: ("M9", Text(ja="リモート保守", en="Remote maintenance")),
}

HDMI = frozenset({Feature.HDMI_LIVE, Feature.HDMI_PLAYBACK, Feature.HDMI_EVENTS})
"""What needs a monitor. A direct camera has none: to it these rows do not apply (decision 10)."""
