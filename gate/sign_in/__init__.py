"""What every sign-in needs, at the licence service and at a recorder alike: passwords, throttling, opaque tokens."""
