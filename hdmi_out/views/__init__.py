"""What a person in front of the monitor looks at: views, the screen that shows one of them, and what lies above it."""
