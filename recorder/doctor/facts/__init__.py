"""Gathers facts: the part that touches machine, network and disk. Each is bounded in time by its caller."""
