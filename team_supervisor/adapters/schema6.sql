-- Version 6: iterations. At most one is active, which the database itself sees to.

CREATE TABLE iterations (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE CHECK (name <> ''),
    state TEXT NOT NULL DEFAULT 'planning' CHECK (state IN ('planning', 'active', 'complete')),
    created_at REAL NOT NULL,
    started_at REAL,
    ended_at REAL,
    CHECK ((state = 'planning') = (started_at IS NULL)),
    CHECK ((state = 'complete') = (ended_at IS NOT NULL))
) STRICT;

CREATE UNIQUE INDEX one_active_iteration ON iterations (state) WHERE state = 'active';

-- What tasks named before; the first that is not done goes on.
INSERT INTO iterations (name, created_at)
SELECT iteration, min(created_at) FROM tasks WHERE iteration <> ''
GROUP BY iteration ORDER BY min(number);

UPDATE iterations SET state = 'active', started_at = created_at WHERE number = (
    SELECT min(i.number) FROM iterations i JOIN tasks t ON t.iteration = i.name
    WHERE t.state NOT IN ('completed', 'failed', 'cancelled')
)
