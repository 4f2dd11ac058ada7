"""The licence service, on SQLite and on PostgreSQL."""
