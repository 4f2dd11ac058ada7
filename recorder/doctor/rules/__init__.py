"""Facts to findings, pure: what is wrong with what was seen, and what to do."""
