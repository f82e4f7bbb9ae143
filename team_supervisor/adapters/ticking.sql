-- outlook --
SELECT
    (SELECT i.name FROM iterations i WHERE i.state = 'active') AS iteration,
    EXISTS (SELECT 1 FROM tasks t WHERE t.iteration IS NULL) AS unnamed,
    EXISTS (SELECT 1 FROM tasks t WHERE t.state = 'queued') AS queued,
    (SELECT value FROM team WHERE key = 'wanted') AS wanted,
    (SELECT count(*) FROM sessions s
        WHERE s.state NOT IN ('completed', 'failed', 'stopped')) AS live,
    (SELECT count(*) FROM requests r WHERE r.status IN ('waiting', 'queued')) AS asked,
    EXISTS (SELECT 1 FROM tasks t WHERE t.state IN ('assigned', 'in_progress')) AS at_work;

-- workers --
SELECT t.id AS task, t.state AS state, t.source AS source, s.id AS session, s.state AS found
FROM tasks t LEFT JOIN sessions s
    ON s.id = coalesce(t.session, (SELECT o.id FROM sessions o WHERE o.request_name = t.request))
WHERE t.state IN ('assigned', 'in_progress') AND t.request IS NOT NULL
UNION ALL
SELECT t.id, t.state, t.source, s.id, s.state
FROM sessions s JOIN tasks t ON t.request = s.request_name OR t.session = s.id
WHERE s.state NOT IN ('completed', 'failed', 'stopped')
    AND t.state IN ('completed', 'failed', 'cancelled');

-- limits --
SELECT id, timeout FROM tasks
WHERE id IN (SELECT value FROM json_each(:ids)) AND timeout IS NOT NULL;

-- over --
SELECT id, source FROM tasks
WHERE id IN (SELECT value FROM json_each(:ids)) AND state IN ('completed', 'failed', 'cancelled');

-- assigned --
SELECT t.id AS task, t.title AS title, t.timeout AS timeout, t.iteration AS iteration,
    t.state AS state, t.reason AS reason,
    coalesce(t.session, (SELECT o.id FROM sessions o WHERE o.request_name = t.request)) AS session,
    (SELECT r.status FROM requests r WHERE r.name = t.request ORDER BY r.id DESC LIMIT 1) AS status,
    (SELECT r.reason FROM requests r WHERE r.name = t.request ORDER BY r.id DESC LIMIT 1) AS why
FROM tasks t WHERE t.request IS NOT NULL OR t.session IS NOT NULL ORDER BY t.number;
