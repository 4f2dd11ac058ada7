"""Who may do what on the remote side, and the record of who did: users, sessions, roles, the service's word, audit."""
