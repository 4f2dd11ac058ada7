"""The local HDMI monitor: a client of the recorder's local site."""
