"""One receiver of a stream: its numbering, its bounded send queue, its reports."""

import logging
import random
from collections.abc import Callable

from camera_sim.pacer import RTP_HZ
from camera_sim.rtsp import rtcp
from camera_sim.rtsp.packetizer import Packets
from camera_sim.rtsp.senders import Sender
from gate.clock import Clock

_log = logging.getLogger(__name__)

QUEUE_BYTES_MAX = 1 << 20
"""What waits for a slow receiver beyond the kernel's own buffer; then pictures are dropped up to the next key frame.
A single picture may be larger."""
REPORT_SECONDS = 5
CNAME = "camera-simulator"
_RTP_MASK = 0xFFFFFFFF
_FIRST_RTP = range(1 << 16, 1 << 31)


class RtpDelivery:
    """Sends pictures one way. Numbers go on over a pause; `promise` says with which ones it continues. `camera_ns` is
    the camera's own time, which its reports tell; `hz`: how fast RTP time counts."""

    def __init__(
        self, sender: Sender, label: str, clock: Clock, camera_ns: Callable[[], int], hz: int = RTP_HZ
    ) -> None:
        self.ssrc = random.getrandbits(32) | 1
        self.sender = sender
        self.dropped_pictures = 0
        self.sent_pictures = 0
        self._camera_ns = camera_ns
        self._hz = hz
        self._label = label
        self._clock = clock
        self._sequence = random.randrange(1, 1 << 15)
        self._next_rtp = random.choice(_FIRST_RTP)
        self._offset: int | None = None
        self._paused_ns: int | None = None
        self._waits_for_key = True
        self._dropping = False
        self._packets = 0
        self._payload_bytes = 0
        self._report_due_ns = 0

    @property
    def transport(self) -> str:
        """See `Sender`."""
        return self.sender.transport

    def promise(self) -> tuple[int, int]:
        """Sequence number and RTP time of the next packet; kept whenever its picture comes."""
        if self._paused_ns is not None:
            paused_ns = self._clock.monotonic_ns() - self._paused_ns
            self._next_rtp = (self._next_rtp + paused_ns * self._hz // 1_000_000_000) & _RTP_MASK
            self._paused_ns = None
        self._offset = None
        self._waits_for_key = True
        return self._sequence & 0xFFFF, self._next_rtp

    def pause(self) -> None:
        """Remembers when sending stopped."""
        self._paused_ns = self._clock.monotonic_ns()

    def send(self, packets: Packets, *, key: bool, rtp: int, ago_ns: int = 0) -> None:
        """Sends one picture, or drops it. `rtp`: the stream's RTP time, not wrapped, `ago_ns` ago."""
        sender = self.sender
        if sender.closing or (self._waits_for_key and not key):
            self.dropped_pictures += self._dropping
            return
        waiting_bytes = sender.waiting_bytes()
        if waiting_bytes and waiting_bytes + len(packets.template) > QUEUE_BYTES_MAX:
            self._overflow()
            return
        if self._dropping:
            self._dropping = False
            _log.info("%s: the receiver reads again; %s pictures dropped so far", self._label, self.dropped_pictures)
        self._waits_for_key = False
        if self._offset is None:
            self._offset = self._next_rtp - rtp
        rtp_time = (rtp + self._offset) & _RTP_MASK
        sender.send(packets, sequence=self._sequence, rtp_time=rtp_time, ssrc=self.ssrc)
        self._sequence = (self._sequence + len(packets.offsets)) & 0xFFFF
        self._next_rtp = rtp_time
        self.sent_pictures += 1
        self._packets += len(packets.offsets)
        self._payload_bytes += packets.payload_bytes
        if self._clock.monotonic_ns() >= self._report_due_ns:
            self._report(rtp_time, ago_ns)

    def end(self) -> None:
        """Says goodbye, if anything was sent, and frees the way."""
        if self._packets and not self.sender.closing:
            self.sender.report(rtcp.bye(self.ssrc))
        self.sender.close()

    def _overflow(self) -> None:
        if not self._dropping:
            _log.warning("%s: the receiver is too slow; pictures are dropped up to the next key frame", self._label)
        self._dropping = self._waits_for_key = True
        self.dropped_pictures += 1

    def _report(self, rtp_time: int, ago_ns: int) -> None:
        self._report_due_ns = self._clock.monotonic_ns() + REPORT_SECONDS * 1_000_000_000
        report = rtcp.sender_report(
            self.ssrc,
            utc_ns=self._camera_ns() - ago_ns,
            rtp_time=rtp_time,
            packets=self._packets,
            payload_bytes=self._payload_bytes,
            cname=CNAME,
        )
        self.sender.report(report)
