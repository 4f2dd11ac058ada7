"""The catalogue: which segment holds which time, and why there is none elsewhere (SQLite)."""
