-- The outbox of remote notices: what a channel has not been told yet, and how much it has been.

CREATE TABLE notice (
    number         INTEGER PRIMARY KEY AUTOINCREMENT,  -- the order they are told in
    channel        TEXT NOT NULL CHECK (length(channel) BETWEEN 1 AND 64),
    id             TEXT NOT NULL CHECK (length(id) BETWEEN 1 AND 128),
    event_id       INTEGER NOT NULL,  -- no reference: an event may be forgotten sooner
    phase          TEXT NOT NULL CHECK (phase IN ('start', 'end', 'pulse')),
    camera         TEXT,  -- its name
    created_utc_ns INTEGER NOT NULL,
    body           TEXT NOT NULL,
    refusals       INTEGER NOT NULL DEFAULT 0,
    UNIQUE (channel, id)
) STRICT;

CREATE INDEX notice_waiting ON notice (channel, number);

CREATE TABLE notice_count (
    channel  TEXT PRIMARY KEY,
    waiting  INTEGER NOT NULL DEFAULT 0,
    sent     INTEGER NOT NULL DEFAULT 0,
    given_up INTEGER NOT NULL DEFAULT 0,  -- refused too often
    too_old  INTEGER NOT NULL DEFAULT 0,  -- could not be told for a day
    left_out INTEGER NOT NULL DEFAULT 0   -- too many waited
) STRICT;
