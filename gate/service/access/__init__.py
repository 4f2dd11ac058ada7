"""Who may come in: passwords, sessions, throttling, forgery protection, and the actor behind a request."""
