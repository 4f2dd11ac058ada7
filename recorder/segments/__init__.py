"""Segments: what is cut out of a stream, written to disk, found again after a crash."""
