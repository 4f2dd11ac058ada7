"""The simulator's own RTSP 1.0 server: a pure core (message, responder, sdp, packetizer, rtcp) and a thin shell."""
