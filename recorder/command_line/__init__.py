"""What the command line tells of itself: the shipped configurations, completion, and the manual page."""
