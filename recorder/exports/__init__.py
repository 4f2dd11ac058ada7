"""Exports: exact stretches of footage as MP4 files that play anywhere, with a manifest signed by this device."""
