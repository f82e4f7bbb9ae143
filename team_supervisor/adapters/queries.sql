-- live_sessions --
SELECT * FROM sessions WHERE state NOT IN ('completed', 'failed', 'stopped') ORDER BY created_at, id;

-- live_ids --
SELECT id FROM sessions WHERE state NOT IN ('completed', 'failed', 'stopped');

-- retried_sessions --
SELECT * FROM sessions
WHERE (retry_wanted > 0 OR restore_wanted > 0) AND state IN ('completed', 'failed', 'stopped');

-- live_session --
SELECT * FROM sessions WHERE id = :id AND (
    state NOT IN ('completed', 'failed', 'stopped')
    OR retry_wanted > 0 OR restore_wanted > 0
);

-- all_sessions --
SELECT * FROM sessions ORDER BY created_at, id;

-- is_new --
SELECT NOT EXISTS (SELECT 1 FROM sessions);

-- session --
SELECT * FROM sessions WHERE id = :id;

-- session_ids --
SELECT id FROM sessions WHERE id IN (SELECT value FROM json_each(:ids));

-- want --
UPDATE sessions SET wanted = :wanted, overdue = coalesce(:overdue, overdue)
WHERE id = :id AND state NOT IN ('completed', 'failed', 'stopped');

-- want_retry --
UPDATE sessions SET retry_wanted = retry_wanted + 1, wanted = 'run', overdue = NULL
WHERE id = :id AND state IN ('failed', 'stopped', 'parked');

-- want_restart --
UPDATE sessions SET restart_wanted = restart_wanted + 1, restart_reason = :reason
WHERE id = :id AND state IN ('requested', 'starting', 'active') AND wanted = 'run';

-- want_restore --
UPDATE sessions SET restore_wanted = restore_wanted + 1, wanted = 'run'
WHERE id = :id AND state = 'completed';

-- team_get --
SELECT value FROM team WHERE key = :key;

-- team_set --
INSERT INTO team (key, value) VALUES (:key, :value)
ON CONFLICT (key) DO UPDATE SET value = excluded.value;

-- spawned_since --
SELECT count(*) FROM requests JOIN sessions ON sessions.id = requests.session
WHERE sessions.created_at > :since;

-- open_requests --
SELECT * FROM requests WHERE status IN ('waiting', 'queued') ORDER BY id;

-- recent_rejections --
SELECT * FROM requests WHERE status = 'rejected' ORDER BY id DESC LIMIT :most;

-- insert_request --
INSERT INTO requests (name, device, inode, persona, wanted_name, first_seen_at, status, reason)
VALUES (:name, :device, :inode, :persona, :wanted_name, :first_seen_at, 'waiting', :reason);

-- update_request --
UPDATE requests SET status = :status, reason = :reason, requester = :requester, session = :session
WHERE id = :id;

-- forget_request --
DELETE FROM requests WHERE id = :id AND status IN ('waiting', 'queued');

-- begin_attempt --
INSERT INTO attempts (session, number, begun_at) VALUES (:session, :number, :begun_at);

-- attempt_running --
UPDATE attempts SET pid = :pid WHERE session = :session AND number = :number;

-- attempt_ended --
UPDATE attempts SET ended_at = :ended_at, code = :code, signal = :signal, reason = :reason,
    error = :error, left_behind = :left_behind, cost_usd = :cost_usd
WHERE session = :session AND number = :number AND ended_at IS NULL;

-- attempts --
SELECT * FROM attempts WHERE session = :session ORDER BY number;

-- begin_verification --
INSERT INTO verifications (session, number, begun_at) VALUES (:session, :number, :at)
ON CONFLICT (session, number) DO NOTHING;

-- end_verification --
UPDATE verifications SET ended_at = :at, passed = :passed, what = :what
WHERE session = :session AND number = :number AND ended_at IS NULL;

-- insert_delivery --
INSERT INTO deliveries (id, session, kind, text, source, created_at)
VALUES (:id, :session, :kind, :text, :source, :created_at)
ON CONFLICT (session, source) DO NOTHING;

-- unseen_deliveries --
SELECT id, session, kind, text, created_at, sent_at, sent_attempt, seen_at FROM deliveries
WHERE seen_at IS NULL ORDER BY rowid;

-- unseen_of --
SELECT id, session, kind, text, created_at, sent_at, sent_attempt, seen_at FROM deliveries
WHERE session = :session AND seen_at IS NULL ORDER BY rowid;

-- delivery_sent --
UPDATE deliveries SET sent_at = :sent_at, sent_attempt = :sent_attempt WHERE id = :id;

-- delivery_seen --
UPDATE deliveries SET seen_at = :seen_at WHERE id = :id AND seen_at IS NULL;

-- delivery_unsend --
UPDATE deliveries SET sent_at = NULL, sent_attempt = NULL, seen_at = NULL
WHERE session = :session AND kind = 'first';

-- insert_turn --
INSERT INTO turns (session, number, attempt, at, cost_usd, input_tokens, output_tokens, error)
VALUES (:session, :number, :attempt, :at, :cost_usd, :input_tokens, :output_tokens, :error)
ON CONFLICT (session, number) DO NOTHING;

-- turns --
SELECT * FROM turns ORDER BY at, rowid;

-- spent_since --
SELECT coalesce(sum(cost_usd), 0.0) AS usd, coalesce(sum(input_tokens + output_tokens), 0) AS tokens
FROM turns WHERE at >= :since;

-- turns_told --
SELECT coalesce(max(rowid), 0) FROM turns;

-- worked_since --
SELECT coalesce(sum(coalesce(ended_at, :now) - max(begun_at, :since)), 0.0) FROM attempts
WHERE coalesce(ended_at, :now) > :since;

-- has_unseen --
SELECT EXISTS (SELECT 1 FROM deliveries WHERE session = :session AND seen_at IS NULL);

-- want_budget --
UPDATE sessions SET budget_usd = :usd, budget_warned = 0 WHERE id = :id;

-- want_time --
UPDATE sessions SET timeout = :seconds, budget_warned = 0 WHERE id = :id;

-- insert_event --
INSERT INTO events (at, kind, session, request, details)
VALUES (:at, :kind, :session, :request, :details);

-- events_after --
SELECT id, at, kind, session, request, details FROM events WHERE id > :after ORDER BY id LIMIT 1000;

-- events_of --
SELECT id, at, kind, session, request, details FROM events
WHERE session = :session OR request = :request ORDER BY id;

-- event_before --
SELECT coalesce(max(id), 0) FROM events WHERE at < :at;

-- last_event --
SELECT coalesce(max(id), 0) FROM events;
