"""Retention: the oldest footage goes before the disk is full."""
