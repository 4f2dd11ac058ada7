"""Kills a recorder over and over and looks at what is left."""
