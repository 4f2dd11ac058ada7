"""Starts the processes of a site, watches them, starts them again, and ends them all."""
