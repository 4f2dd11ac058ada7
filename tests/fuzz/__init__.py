"""Hostile bytes against every parser that a camera reaches. `python -m tests.fuzz`, or `make fuzz`."""
