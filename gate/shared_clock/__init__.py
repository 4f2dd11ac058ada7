"""One clock for a whole site: a server that keeps the offset, and clients that follow it in steps."""
