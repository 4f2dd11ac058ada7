"""The local site: what the HDMI process sees of the recorder, on a unix socket."""
