-- Events: what happened at a camera (or, without a camera, in the recorder). A pulse ends when it begins.

CREATE TABLE event (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice: listeners resume after one
    camera_id    INTEGER REFERENCES camera (id),
    kind         TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 32),
    source       TEXT NOT NULL CHECK (source IN ('onvif', 'motion', 'system', 'api')),
    start_utc_ns INTEGER NOT NULL,
    end_utc_ns   INTEGER CHECK (end_utc_ns >= start_utc_ns),  -- NULL while it lasts
    detail       TEXT NOT NULL CHECK (length(detail) <= 200),
    licensed     INTEGER NOT NULL CHECK (licensed IN (0, 1))  -- whether remote notices were allowed when it began
) STRICT;

CREATE INDEX event_by_time ON event (start_utc_ns, camera_id, kind);
CREATE INDEX event_by_camera ON event (camera_id, start_utc_ns);
CREATE INDEX event_open ON event (id) WHERE end_utc_ns IS NULL;
