"""Playback: recorded pictures by time, forward, backward, key frames only; timelines; all of it read-only."""
