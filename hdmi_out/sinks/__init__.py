"""Where the picture of the wall goes: a window or screen (SDL), or HTTP on loopback (headless)."""
