"""What the service does by itself, at its time: automatic assignment, reminders, passwords that expire, tidying up."""
