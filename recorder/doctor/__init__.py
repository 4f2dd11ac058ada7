"""`edge-recorder doctor`: looks at a machine and a configuration, and says what is wrong and what to do."""
