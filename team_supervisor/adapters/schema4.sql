-- Version 4: work as a graph. Tasks with what each needs; a request is found by the task's name.

CREATE TABLE tasks (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    spec TEXT NOT NULL,
    source TEXT NOT NULL,
    digest TEXT NOT NULL,
    priority INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 4),
    persona TEXT,
    verify TEXT NOT NULL,
    timeout REAL CHECK (timeout > 0),
    iteration TEXT,
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN
        ('pending', 'queued', 'assigned', 'in_progress', 'completed', 'failed', 'blocked',
         'cancelled')),
    reason TEXT,
    position INTEGER CHECK (position > 0),
    tries INTEGER NOT NULL DEFAULT 0 CHECK (tries >= 0),
    request TEXT,
    session TEXT REFERENCES sessions (id),
    reported TEXT NOT NULL DEFAULT '' CHECK (reported IN ('', 'done', 'blocked')),
    written_back TEXT NOT NULL DEFAULT '',
    created_at REAL NOT NULL,
    ended_at REAL,
    CHECK (state NOT IN ('assigned', 'in_progress') OR request IS NOT NULL),
    CHECK (state <> 'in_progress' OR session IS NOT NULL),
    CHECK ((state IN ('completed', 'failed', 'cancelled')) = (ended_at IS NOT NULL)),
    CHECK (position IS NULL OR state = 'queued')
) STRICT;

-- One request, one task: no two tasks share a worker, and none has two.
CREATE UNIQUE INDEX one_task_per_request ON tasks (request) WHERE request IS NOT NULL;

CREATE UNIQUE INDEX one_task_per_session ON tasks (session) WHERE session IS NOT NULL;

CREATE INDEX tasks_by_state ON tasks (state);

CREATE TABLE dependencies (
    task TEXT NOT NULL REFERENCES tasks (id),
    needs TEXT NOT NULL,
    place INTEGER NOT NULL,
    PRIMARY KEY (task, needs)
) STRICT, WITHOUT ROWID;

CREATE INDEX needed ON dependencies (needs);

CREATE INDEX sessions_by_request ON sessions (request_name) WHERE request_name IS NOT NULL;

CREATE INDEX requests_by_name ON requests (name)
