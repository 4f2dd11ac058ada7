"""Ingest: cameras' RTSP streams in, access units out. See README.md."""
