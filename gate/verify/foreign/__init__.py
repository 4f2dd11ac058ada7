"""Recorders that are not ours, judged by what their drivers' files say of them: M2, M3, M5, M9, over HTTP and RTSP."""
