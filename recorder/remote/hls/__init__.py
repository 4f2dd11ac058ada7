"""Live view as HLS (RFC 8216), for players that know nothing else: the same fragments, a short while in memory."""
