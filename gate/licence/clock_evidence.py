"""What a device knows about its own clock, as a value: the last link in the chain behind every decision."""

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

from gate.licence.text import Text


class ClockSource(enum.Enum):
    """Where the time that counts comes from. Values are stable."""

    SIGNED = "signed"
    """A time signed by the service for this device's own question, and boot time since."""
    WALL = "wall"
    """The wall clock, checked against what is known."""


class ClockDoubt(enum.Enum):
    """Why a clock is not trusted. Values are stable."""

    SET_BACK = "set_back"
    """It went back within one boot, which boot time shows."""
    BEHIND = "behind"
    """It is behind the last signed time."""
    AHEAD = "ahead"
    """It is further beyond the last signed time than a device may have been offline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockEvidence:
    """`now`: the time that counts. `doubt` None: trusted. `trusted_from`: when it will be by itself, if it will.
    `floor`: the latest signed time, None where there has been none (file mode). `wall_ahead`: how far the wall clock is
    ahead of `now`, where that matters (negative: behind)."""

    source: ClockSource
    now: datetime
    wall_ahead: timedelta = timedelta(0)
    doubt: ClockDoubt | None = None
    trusted_from: datetime | None = None
    floor: datetime | None = None

    @property
    def text(self) -> Text:
        """What is known, in one sentence."""
        if self.doubt is not None:
            return DOUBTS[self.doubt]
        return _SOURCES[self.source]


_SOURCES = {
    ClockSource.SIGNED: Text(
        ja="時刻はライセンスサービスの署名で確認されています。",
        en="The time is confirmed by the licence service's signature.",
    ),
    ClockSource.WALL: Text(
        ja="時刻は機器の時計によります。時計の巻き戻しは、再起動するまでの間だけ検出できます。",
        en="The time is the recorder's own clock; setting it back is detected until the machine restarts, not beyond.",
    ),
}
DOUBTS = {
    ClockDoubt.SET_BACK: Text(
        ja="機器の時計が巻き戻されました。正しい時刻に合わせて機器を再起動するか、新しいライセンスを入れてください。",
        en="The machine's clock was set back; set it right and restart the machine, or install a new licence.",
    ),
    ClockDoubt.BEHIND: Text(
        ja="機器の時計が、最後に確認された時刻より前を示しています。正しい時刻に合わせてください。",
        en="The machine's clock is behind the last time that was confirmed; set it right.",
    ),
    ClockDoubt.AHEAD: Text(
        ja="機器の時計が、最後に確認された時刻から進みすぎています。正しい時刻に合わせるか、"
        "ライセンスサービスに接続してください。",
        en="The machine's clock is too far beyond the last time that was confirmed; set it right, "
        "or connect to the licence service.",
    ),
}
