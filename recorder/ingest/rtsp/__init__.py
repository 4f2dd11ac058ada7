"""RTSP 1.0 client and H.264 over RTP, sans-I/O: bytes in, events and bytes out; no socket, no clock."""
