"""The remote side: the HTTP API and the web app."""
