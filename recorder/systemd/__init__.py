"""Has systemd run recorder, monitor and licence service: their units, written, taken away, looked at."""
