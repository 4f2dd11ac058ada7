"""Faults that real cameras and networks have, made on purpose."""
