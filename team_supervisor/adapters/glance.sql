SELECT
    (SELECT i.name FROM iterations i WHERE i.state = 'active') AS iteration,
    EXISTS (SELECT 1 FROM tasks t WHERE t.iteration IS NULL) AS unnamed,
    EXISTS (SELECT 1 FROM sessions s WHERE s.state NOT IN ('completed', 'failed', 'stopped'))
        OR EXISTS (SELECT 1 FROM requests r WHERE r.status IN ('waiting', 'queued'))
        OR EXISTS (SELECT 1 FROM tasks t WHERE t.state IN ('assigned', 'in_progress')) AS life,
    (SELECT value FROM team WHERE key = 'wanted') AS wanted,
    (SELECT value FROM team WHERE key = 'queue_paused') AS paused,
    (SELECT value FROM team WHERE key = 'queue_stop_on_failure') AS stops,
    (SELECT value FROM team WHERE key = 'queue_max_concurrent') AS most,
    (SELECT value FROM team WHERE key = 'queue_stopped_by') AS stopped_by,
    EXISTS (SELECT 1 FROM tasks t
        WHERE t.state = 'queued'
            AND t.iteration IS (SELECT i.name FROM iterations i WHERE i.state = 'active')
            AND NOT EXISTS (
            SELECT 1 FROM dependencies d LEFT JOIN tasks n ON n.id = d.needs
            WHERE d.task = t.id AND n.state IS NOT 'completed'
        )) AS ready
