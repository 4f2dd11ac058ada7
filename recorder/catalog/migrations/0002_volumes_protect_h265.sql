-- H.265; several volumes under one index; protected ranges; retention by volume.
-- Runs with foreign keys off: what takes a table's place keeps its name.

CREATE TABLE init_next (
    id                    INTEGER PRIMARY KEY,
    codec                 TEXT NOT NULL CHECK (codec IN ('h264', 'h265')),
    codecs                TEXT NOT NULL,
    width                 INTEGER NOT NULL CHECK (width > 0),
    height                INTEGER NOT NULL CHECK (height > 0),
    decoder_configuration BLOB NOT NULL UNIQUE
) STRICT;
INSERT INTO init_next SELECT * FROM init;
DROP TABLE init;
ALTER TABLE init_next RENAME TO init;

CREATE TABLE volume_next (
    number INTEGER PRIMARY KEY CHECK (number > 0),
    id     TEXT NOT NULL UNIQUE CHECK (length(id) = 32),
    path   TEXT NOT NULL                          -- where it was last, from the data folder; its id file decides
) STRICT;
INSERT INTO volume_next SELECT 1, id, 'media' FROM volume;
DROP TABLE volume;
ALTER TABLE volume_next RENAME TO volume;

ALTER TABLE segment ADD COLUMN volume INTEGER NOT NULL DEFAULT 1 REFERENCES volume (number);

DROP INDEX segment_by_time;
CREATE INDEX segment_by_time ON segment (
    camera_id, stream, start_utc_ns, end_utc_ns, run, seq, state, duration_90k, samples, bytes, init_bytes, volume
);
DROP INDEX segment_by_age;
CREATE INDEX segment_by_age ON segment (
    volume, start_utc_ns, end_utc_ns, camera_id, stream, run, seq, state, duration_90k, samples, bytes, init_bytes
);
CREATE INDEX segment_lost ON segment (start_utc_ns) WHERE state = 'lost';

CREATE TABLE protect (
    id           INTEGER PRIMARY KEY,
    camera_id    INTEGER NOT NULL REFERENCES camera (id),
    start_utc_ns INTEGER NOT NULL,
    end_utc_ns   INTEGER NOT NULL CHECK (end_utc_ns > start_utc_ns),
    note         TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX protect_by_time ON protect (camera_id, start_utc_ns, end_utc_ns);
