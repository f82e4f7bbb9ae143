-- Version 2: sessions can be parked, restored, verified and held to a budget; turns are counted.
-- SQLite cannot change a CHECK, so the table is made again under its own name.

CREATE TABLE sessions_2 (
    id TEXT PRIMARY KEY,
    persona TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at REAL NOT NULL,
    requester TEXT,
    depth INTEGER NOT NULL DEFAULT 0 CHECK (depth >= 0),
    state TEXT NOT NULL DEFAULT 'requested' CHECK (state IN
        ('requested', 'starting', 'active', 'stopping', 'parked', 'completed', 'failed',
         'stopped')),
    wanted TEXT NOT NULL DEFAULT 'run' CHECK (wanted IN ('run', 'stop', 'stop-now')),
    ending TEXT CHECK (ending IN ('parked', 'completed', 'failed', 'stopped')),
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
        ('working', 'waiting', 'verifying', 'stalled', 'attention', 'rate-limited',
         'over-budget')),
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
    restore_wanted INTEGER NOT NULL DEFAULT 0,
    restored INTEGER NOT NULL DEFAULT 0,
    start_commit TEXT,
    verify TEXT NOT NULL DEFAULT '[]',
    timeout REAL CHECK (timeout > 0),
    budget_usd REAL CHECK (budget_usd >= 0),
    depends_on TEXT NOT NULL DEFAULT '[]',
    standing TEXT NOT NULL DEFAULT 'open' CHECK (standing IN
        ('open', 'claimed', 'verified', 'disputed')),
    claim_digest TEXT NOT NULL DEFAULT '',
    verification INTEGER NOT NULL DEFAULT 0,
    disputes INTEGER NOT NULL DEFAULT 0,
    tool_calls INTEGER NOT NULL DEFAULT 0,
    stall_rung INTEGER NOT NULL DEFAULT 0,
    parked_at REAL,
    budget_warned INTEGER NOT NULL DEFAULT 0,
    worked_before REAL NOT NULL DEFAULT 0,
    attempt_monotonic REAL,
    transcript_segment INTEGER NOT NULL DEFAULT 0,
    CHECK ((state IN ('completed', 'failed', 'stopped')) = (ended_at IS NOT NULL)),
    CHECK (state <> 'stopping' OR ending IS NOT NULL),
    CHECK (state <> 'active' OR attempt > 0),
    CHECK (state <> 'parked' OR attempt_at IS NULL)
) STRICT;

INSERT INTO sessions_2 (
    id, persona, name, created_at, requester, depth, state, wanted, ending, reason, retry_wanted,
    request_name, request_device, request_inode, runner, conversation, resumable, attempt,
    failures, restart_at, attempt_at, attempt_done, agent_pid, tasks_total, tasks_done, tasks_most,
    tasks_digest, tasks_problem, instructions_offset, nudges, doing, doing_detail, doing_since,
    turn_open, turns, transcript_offset, last_words, last_activity_at, rate_limited_until,
    last_error, error_status, denials, cost_before, cost_attempt, input_tokens, output_tokens,
    started_at, ended_at, exit_code, exit_signal, exit_reason, directory
) SELECT
    id, persona, name, created_at, requester, depth, state, wanted, ending, reason, retry_wanted,
    request_name, request_device, request_inode, runner, conversation, resumable, attempt,
    failures, restart_at, attempt_at, attempt_done, agent_pid, tasks_total, tasks_done, tasks_most,
    tasks_digest, tasks_problem, instructions_offset, nudges, doing, doing_detail, doing_since,
    turn_open, turns, transcript_offset, last_words, last_activity_at, rate_limited_until,
    last_error, error_status, denials, cost_before, cost_attempt, input_tokens, output_tokens,
    started_at, ended_at, exit_code, exit_signal, exit_reason, directory
FROM sessions;

DROP TABLE sessions;

ALTER TABLE sessions_2 RENAME TO sessions;

-- One directory, one claim: a request cannot be on its way to two sessions.
CREATE UNIQUE INDEX one_claim ON sessions (request_name) WHERE state = 'requested';

CREATE INDEX live_sessions ON sessions (state)
    WHERE state NOT IN ('completed', 'failed', 'stopped');

CREATE INDEX sessions_by_age ON sessions (created_at);

CREATE INDEX wanted_again ON sessions (state) WHERE retry_wanted > 0 OR restore_wanted > 0;

CREATE TABLE deliveries_2 (
    id TEXT PRIMARY KEY,
    session TEXT NOT NULL REFERENCES sessions (id),
    kind TEXT NOT NULL CHECK (kind IN
        ('first', 'instructions', 'notice', 'nudge', 'resumed', 'dispute')),
    text TEXT NOT NULL,
    source TEXT NOT NULL,
    created_at REAL NOT NULL,
    sent_at REAL,
    sent_attempt INTEGER,
    seen_at REAL
) STRICT;

INSERT INTO deliveries_2 SELECT * FROM deliveries ORDER BY rowid;

DROP TABLE deliveries;

ALTER TABLE deliveries_2 RENAME TO deliveries;

CREATE UNIQUE INDEX one_delivery_per_source ON deliveries (session, source);

CREATE INDEX unseen_deliveries ON deliveries (session) WHERE seen_at IS NULL;

-- One row per turn that ended: what it cost (of that turn alone) and how it went.
CREATE TABLE turns (
    session TEXT NOT NULL REFERENCES sessions (id),
    number INTEGER NOT NULL CHECK (number > 0),
    attempt INTEGER NOT NULL,
    at REAL NOT NULL,
    cost_usd REAL NOT NULL CHECK (cost_usd >= 0),
    input_tokens INTEGER NOT NULL CHECK (input_tokens >= 0),
    output_tokens INTEGER NOT NULL CHECK (output_tokens >= 0),
    error TEXT,
    PRIMARY KEY (session, number)
) STRICT;

CREATE INDEX turns_by_time ON turns (at);

-- What a session had cost before turns were counted, as one turn.
INSERT INTO turns (session, number, attempt, at, cost_usd, input_tokens, output_tokens)
SELECT id, max(turns, 1), attempt, coalesce(last_activity_at, created_at),
    max(0.0, cost_before + cost_attempt), input_tokens, output_tokens
FROM sessions WHERE cost_before + cost_attempt > 0 OR input_tokens + output_tokens > 0;

CREATE TABLE verifications (
    session TEXT NOT NULL REFERENCES sessions (id),
    number INTEGER NOT NULL CHECK (number > 0),
    begun_at REAL NOT NULL,
    ended_at REAL,
    passed INTEGER CHECK (passed IN (0, 1)),
    what TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (session, number)
) STRICT;
