-- The index of one recording volume. Times are UTC nanoseconds since 1970, media times 1/90000 s.
-- It can be made again from the segments alone (gaps and boots aside).

CREATE TABLE volume (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 32)
) STRICT;

CREATE TABLE boot (
    id           INTEGER PRIMARY KEY,
    start_utc_ns INTEGER NOT NULL,
    alive_utc_ns INTEGER NOT NULL,
    end_utc_ns   INTEGER            -- NULL while running, and for ever after a crash
) STRICT;

CREATE TABLE camera (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 32)
) STRICT;

CREATE TABLE init (
    id                    INTEGER PRIMARY KEY,
    codec                 TEXT NOT NULL CHECK (codec IN ('h264')),
    codecs                TEXT NOT NULL,
    width                 INTEGER NOT NULL CHECK (width > 0),
    height                INTEGER NOT NULL CHECK (height > 0),
    decoder_configuration BLOB NOT NULL UNIQUE
) STRICT;

CREATE TABLE run (
    camera_id    INTEGER NOT NULL REFERENCES camera (id),
    stream       INTEGER NOT NULL CHECK (stream IN (0, 1)),  -- 0 main, 1 sub
    run          INTEGER NOT NULL CHECK (run > 0),
    start_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (camera_id, stream, run)
) STRICT, WITHOUT ROWID;

CREATE TABLE segment (
    camera_id    INTEGER NOT NULL,
    stream       INTEGER NOT NULL,
    run          INTEGER NOT NULL,
    seq          INTEGER NOT NULL CHECK (seq >= 0),
    state        TEXT NOT NULL CHECK (state IN ('writing', 'closed', 'lost')),
    start_utc_ns INTEGER NOT NULL,
    end_utc_ns   INTEGER NOT NULL,               -- the start while writing
    duration_90k INTEGER NOT NULL CHECK (duration_90k >= 0),
    samples      INTEGER NOT NULL CHECK (samples >= 0),
    bytes        INTEGER NOT NULL CHECK (bytes >= 0),
    init_id      INTEGER NOT NULL REFERENCES init (id),
    init_bytes   INTEGER NOT NULL CHECK (init_bytes > 0),
    fragments    BLOB NOT NULL CHECK (length(fragments) % 12 = 0),  -- recorder.catalog.rows.FragmentEntry
    PRIMARY KEY (camera_id, stream, run, seq),
    FOREIGN KEY (camera_id, stream, run) REFERENCES run (camera_id, stream, run),
    CHECK (end_utc_ns BETWEEN start_utc_ns AND start_utc_ns + 7200000000000)
) STRICT;

CREATE INDEX segment_by_time ON segment (
    camera_id, stream, start_utc_ns, end_utc_ns, run, seq, state, duration_90k, samples, bytes, init_id, init_bytes
);
CREATE INDEX segment_by_age ON segment (start_utc_ns, camera_id, stream, run, seq, bytes, state);
CREATE INDEX segment_writing ON segment (state) WHERE state = 'writing';

CREATE TABLE gap (
    id           INTEGER PRIMARY KEY,
    camera_id    INTEGER NOT NULL REFERENCES camera (id),
    stream       INTEGER NOT NULL CHECK (stream IN (0, 1)),
    start_utc_ns INTEGER NOT NULL,
    end_utc_ns   INTEGER CHECK (end_utc_ns > start_utc_ns),  -- NULL while it lasts
    reason       TEXT NOT NULL CHECK (reason IN (
        'licence', 'disk', 'camera_offline', 'clock_step', 'crash', 'schedule', 'event_mode', 'off'))
) STRICT;

CREATE INDEX gap_by_time ON gap (camera_id, stream, start_utc_ns, end_utc_ns, reason);
CREATE UNIQUE INDEX gap_open ON gap (camera_id, stream) WHERE end_utc_ns IS NULL;
