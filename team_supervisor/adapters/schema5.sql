-- Messages for people elsewhere: each waits until a channel took it, for a day at most.

CREATE TABLE outbox (
    number INTEGER PRIMARY KEY,
    place TEXT NOT NULL CHECK (place IN ('project', 'orchestrator')),
    event TEXT NOT NULL,
    words TEXT NOT NULL,
    count INTEGER NOT NULL CHECK (count > 0),
    look TEXT NOT NULL,
    created_at REAL NOT NULL,
    due_at REAL NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0 CHECK (tries >= 0),
    tried_at REAL,
    problem TEXT,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'given-up'))
) STRICT;

CREATE INDEX outbox_waiting ON outbox (number) WHERE state = 'waiting'
