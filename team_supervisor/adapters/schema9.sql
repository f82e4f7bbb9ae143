-- Version 9: each heartbeat of a supervisor is a row of its own, with its summary as JSON.

CREATE TABLE heartbeats (
    number INTEGER PRIMARY KEY,
    session TEXT NOT NULL,
    at REAL NOT NULL,
    summary TEXT NOT NULL CHECK (json_valid(summary))
) STRICT;

INSERT INTO heartbeats (session, at, summary)
SELECT json_extract(value, '$.session'), json_extract(value, '$.at'), json_extract(value, '$.summary')
FROM team WHERE key = 'heartbeat' AND json_valid(value) AND json_type(value, '$.summary') = 'object'
    AND json_type(value, '$.session') = 'text' AND json_type(value, '$.at') IN ('real', 'integer');

DELETE FROM team WHERE key = 'heartbeat'
