"""What the remote side and the local site share as HTTP servers: errors, language, sockets, live sessions, state."""
