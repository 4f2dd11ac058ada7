"""What is written on this recorder, for whoever registers it."""
