"""Simulated IP cameras: the outside world of a recorder."""
