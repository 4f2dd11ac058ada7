"""What the service writes to people: letters, their words, the outbox, SMTP, and the built-in mailbox."""
