"""Access units, codec parameter sets and MP4 boxes: pure functions over bytes."""
