"""The sound of one session: RTP and RTCP packets in, frames out; reports to send back."""

from recorder.ingest.rtsp.depacketize_sound import SoundPacket, sound_depacketizer
from recorder.ingest.rtsp.reorder import ReorderWindow
from recorder.ingest.rtsp.rtp import RtpReceiver, SenderReport, parse_rtcp, receiver_report
from recorder.ingest.rtsp.sdp_sound import SoundMedia


class SoundStream:
    """`ssrc`, `cname`: ours in RTCP. `datagrams`: whether packets come by UDP. `sender_report`: the newest. That the
    camera says farewell to its sound means nothing here: the pictures tell when it is gone."""

    def __init__(self, media: SoundMedia, *, ssrc: int, cname: str, datagrams: bool) -> None:
        self.media = media
        self.depacketizer = depacketizer = sound_depacketizer(media)
        self.receiver = RtpReceiver(
            media.payload_type,
            on_payload=depacketizer.push,
            on_loss=depacketizer.lost,
            on_restart=depacketizer.restart,
        )
        self.sender_report: SenderReport | None = None
        self._ssrc = ssrc
        self._cname = cname
        self._window = ReorderWindow(self.receiver.packet) if datagrams else None

    def datagram(self, packet: bytes, now_ns: int) -> None:
        """An RTP packet by UDP. `now_ns`: monotonic."""
        if self._window is not None:
            self._window.push(packet, now_ns)

    def release(self, now_ns: int) -> None:
        """Gives up packets that have been waited for in vain (ReorderWindow.release)."""
        if self._window is not None and self._window.holding:
            self._window.release(now_ns)

    def rtcp(self, view: memoryview, now_ns: int) -> None:
        """A compound packet."""
        for packet in parse_rtcp(view):
            if isinstance(packet, SenderReport) and packet.ssrc == self.receiver.ssrc:
                self.sender_report = packet
                self.receiver.sender_report(packet.ntp, now_ns)

    def report(self, now_ns: int) -> bytes:
        """A receiver report."""
        block = self.receiver.report_block(now_ns) if self.receiver.ssrc >= 0 else None
        return receiver_report(ssrc=self._ssrc, cname=self._cname, block=block)

    def take(self) -> list[SoundPacket]:
        """What has come since the last call."""
        packets, self.depacketizer.packets = self.depacketizer.packets, []
        return packets
