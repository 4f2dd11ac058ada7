-- The lapses of a camera's licence, for timelines: found without reading its other events.

CREATE INDEX event_lapse ON event (camera_id, start_utc_ns, end_utc_ns) WHERE kind = 'licence';
