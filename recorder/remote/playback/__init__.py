"""Playback and search over the remote API (M5): what there is, as it lies on disk, as HLS, as pictures."""
