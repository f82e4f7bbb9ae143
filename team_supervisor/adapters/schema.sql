-- Version 1. Times are wall-clock seconds (REAL); every state change is committed with its event.

CREATE TABLE team (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    persona TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at REAL NOT NULL,
    requester TEXT,
    depth INTEGER NOT NULL DEFAULT 0 CHECK (depth >= 0),
    state TEXT NOT NULL DEFAULT 'requested' CHECK (state IN
        ('requested', 'starting', 'active', 'stopping', 'completed', 'failed', 'stopped')),
    wanted TEXT NOT NULL DEFAULT 'run' CHECK (wanted IN ('run', 'stop', 'stop-now')),
    ending TEXT CHECK (ending IN ('completed', 'failed', 'stopped')),
    reason TEXT,
    retry_wanted INTEGER NOT NULL DEFAULT 0,
    request_name TEXT,
    request_device INTEGER,
    request_inode INTEGER,
    runner TEXT NOT NULL,
    conversation TEXT NOT NULL,
    resumable INTEGER NOT NULL DEFAULT 0,
    attempt INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    restart_at REAL,
    attempt_at REAL,
    attempt_done INTEGER NOT NULL DEFAULT 0,
    agent_pid INTEGER,
    tasks_total INTEGER NOT NULL DEFAULT 0,
    tasks_done INTEGER NOT NULL DEFAULT 0,
    tasks_most INTEGER NOT NULL DEFAULT 0,
    tasks_digest TEXT NOT NULL DEFAULT '',
    tasks_problem TEXT,
    instructions_offset INTEGER NOT NULL DEFAULT 0,
    nudges INTEGER NOT NULL DEFAULT 0,
    doing TEXT NOT NULL DEFAULT 'working' CHECK (doing IN
        ('working', 'waiting', 'attention', 'rate-limited')),
    doing_detail TEXT NOT NULL DEFAULT '',
    doing_since REAL,
    turn_open INTEGER NOT NULL DEFAULT 0,
    turns INTEGER NOT NULL DEFAULT 0,
    transcript_offset INTEGER NOT NULL DEFAULT 0,
    last_words TEXT NOT NULL DEFAULT '',
    last_activity_at REAL,
    rate_limited_until REAL,
    last_error TEXT,
    error_status INTEGER,
    denials TEXT NOT NULL DEFAULT '',
    cost_before REAL NOT NULL DEFAULT 0,
    cost_attempt REAL NOT NULL DEFAULT 0,
    input_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0,
    started_at REAL,
    ended_at REAL,
    exit_code INTEGER,
    exit_signal INTEGER,
    exit_reason TEXT,
    directory TEXT NOT NULL,
    CHECK ((state IN ('completed', 'failed', 'stopped')) = (ended_at IS NOT NULL)),
    CHECK (state <> 'stopping' OR ending IS NOT NULL),
    CHECK (state <> 'active' OR attempt > 0)
) STRICT;

-- One directory, one claim: a request cannot be on its way to two sessions.
CREATE UNIQUE INDEX one_claim ON sessions (request_name) WHERE state = 'requested';
CREATE INDEX live_sessions ON sessions (state)
    WHERE state NOT IN ('completed', 'failed', 'stopped');
CREATE INDEX sessions_by_age ON sessions (created_at);

CREATE TABLE attempts (
    session TEXT NOT NULL REFERENCES sessions (id),
    number INTEGER NOT NULL CHECK (number > 0),
    begun_at REAL NOT NULL,
    pid INTEGER,
    ended_at REAL,
    code INTEGER,
    signal INTEGER,
    reason TEXT,
    error TEXT,
    left_behind INTEGER NOT NULL DEFAULT 0,
    cost_usd REAL NOT NULL DEFAULT 0,
    PRIMARY KEY (session, number)
) STRICT;

-- The database refuses a second open attempt of one session.
CREATE UNIQUE INDEX one_open_attempt ON attempts (session) WHERE ended_at IS NULL;

CREATE TABLE requests (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    device INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    persona TEXT NOT NULL,
    wanted_name TEXT NOT NULL,
    first_seen_at REAL NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('waiting', 'queued', 'claimed', 'rejected')),
    reason TEXT,
    requester TEXT,
    session TEXT REFERENCES sessions (id),
    CHECK ((status = 'claimed') = (session IS NOT NULL)),
    CHECK (status <> 'rejected' OR reason IS NOT NULL)
) STRICT;

CREATE UNIQUE INDEX one_open_request ON requests (name) WHERE status IN ('waiting', 'queued');
CREATE UNIQUE INDEX one_request_per_session ON requests (session) WHERE session IS NOT NULL;

CREATE TABLE deliveries (
    id TEXT PRIMARY KEY,
    session TEXT NOT NULL REFERENCES sessions (id),
    kind TEXT NOT NULL CHECK (kind IN ('first', 'instructions', 'notice', 'nudge', 'resumed')),
    text TEXT NOT NULL,
    source TEXT NOT NULL,
    created_at REAL NOT NULL,
    sent_at REAL,
    sent_attempt INTEGER,
    seen_at REAL
) STRICT;

-- What was said once for one reason is not said again, whatever crashed in between.
CREATE UNIQUE INDEX one_delivery_per_source ON deliveries (session, source);
CREATE INDEX unseen_deliveries ON deliveries (session) WHERE seen_at IS NULL;

CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    kind TEXT NOT NULL,
    session TEXT,
    request TEXT,
    details TEXT NOT NULL
) STRICT;

CREATE INDEX events_of_session ON events (session, id);
