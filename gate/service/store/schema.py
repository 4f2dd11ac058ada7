"""Every table. What has happened to licences is in `facts`, which only grows; `stock`, `licences`, `cameras` and
`coverage` are what these facts add up to (`store.ledger` writes both in one transaction).

Ids are text. Instants are aware UTC. Secrets are kept as SHA-256 (tokens, registration codes) or argon2 (passwords).
A change needs a migration (`migrations/versions`); a test compares the two.
"""

from gate.service.store.tables.audit import audit, idempotency
from gate.service.store.tables.base import metadata
from gate.service.store.tables.ledger import cameras, coverage, devices, facts, licences, stock
from gate.service.store.tables.line import alarms, challenges, entitlements, uplinks
from gate.service.store.tables.mail import jobs, mailbox, outbox, reminders
from gate.service.store.tables.people import (
    api_tokens,
    customers,
    partners,
    password_resets,
    sessions,
    sign_in_attempts,
    users,
)

__all__ = [
    "alarms",
    "api_tokens",
    "audit",
    "cameras",
    "challenges",
    "coverage",
    "customers",
    "devices",
    "entitlements",
    "facts",
    "idempotency",
    "jobs",
    "licences",
    "mailbox",
    "metadata",
    "outbox",
    "partners",
    "password_resets",
    "reminders",
    "sessions",
    "sign_in_attempts",
    "stock",
    "uplinks",
    "users",
]
