"""The card slot of one camera: from its main stream to the card, and what is wrong with it. On the event loop."""

from camera_sim.codec import Codec
from camera_sim.pacer import Tick
from camera_sim.rtsp.picker import Choice
from camera_sim.sd_card.card import SdCard
from camera_sim.sd_card.recorder import CardPicture, CardRecorder


class CardSlot:
    """`insert` the card first (blocks), `close` at the end (blocks)."""

    def __init__(self, card: SdCard) -> None:
        self.card = card
        self._recorder: CardRecorder | None = None
        self._wrong: dict[int, str] = {}

    def insert(self) -> None:
        """A card that cannot be used is said, and tried again: the camera goes on without it."""
        self._recorder = CardRecorder(self.card)

    @property
    def message(self) -> str:
        """What keeps it from recording; empty while it does."""
        return self._recorder.message if self._recorder else ""

    @property
    def taken_out(self) -> bool:
        """Whether there is no card to be read either."""
        return "removed" in self._wrong.values()

    def send(self, tick: Tick, choice: Choice, sei: bytes, codec: Codec) -> None:
        """The next picture of the main stream, with its mark."""
        if self._recorder is None:
            return
        picture = choice.picture
        self._recorder.put(
            CardPicture(
                parameter_sets=picture.parameter_sets,
                nals=(sei, *picture.nals),
                decode_90k=tick.rtp,
                shift_90k=picture.shift,
                utc_ms=tick.utc_us // 1000,
                codec=codec,
            )
        )

    def begin(self, number: int, kind: str) -> None:
        """A fault: `removed`, `full`, or `corrupt` (the newest file is damaged, once)."""
        if kind == "corrupt":
            if self._recorder is not None:
                self._recorder.damage_due = True
            return
        self._wrong[number] = kind
        self._tell()

    def end(self, number: int) -> None:
        """It is over."""
        self._wrong.pop(number, None)
        self._tell()

    def close(self) -> None:
        """Finishes the file that is open."""
        if self._recorder is not None:
            self._recorder.close()
            self._recorder = None

    def _tell(self) -> None:
        if self._recorder is not None:
            kinds = self._wrong.values()
            self._recorder.fault = "removed" if "removed" in kinds else next(iter(kinds), "")
