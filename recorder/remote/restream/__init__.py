"""The cameras again over RTSP, for players and recorders that speak no HTTP (M2)."""
