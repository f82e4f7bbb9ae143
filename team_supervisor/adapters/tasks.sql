-- all_tasks --
SELECT number, id, title, '' AS spec, source, priority, persona, verify, timeout, iteration, state,
    reason, position, tries, request, session, reported, created_at, ended_at
FROM tasks ORDER BY number;

-- digests --
SELECT id, digest FROM tasks;

-- open_tasks --
SELECT number, id, title, '' AS spec, source, priority, persona, verify, timeout, iteration, state,
    reason, position, tries, request, session, reported, created_at, ended_at
FROM tasks WHERE state IN ('pending', 'queued', 'assigned', 'in_progress', 'blocked')
ORDER BY number;

-- task --
SELECT * FROM tasks WHERE id = :id;

-- all_needs --
SELECT task, needs FROM dependencies ORDER BY task, place;

-- needs_of --
SELECT task, needs FROM dependencies WHERE task = :task ORDER BY place;

-- open_needs --
SELECT d.task AS task, d.needs AS needs FROM tasks t JOIN dependencies d ON d.task = t.id
WHERE t.state IN ('pending', 'queued', 'assigned', 'in_progress', 'blocked')
ORDER BY d.task, d.place;

-- ready_tasks --
SELECT number, id, title, priority, position, persona, timeout FROM tasks t
WHERE t.state = 'queued'
    AND t.iteration IS (SELECT i.name FROM iterations i WHERE i.state = 'active')
    AND NOT EXISTS (
    SELECT 1 FROM dependencies d LEFT JOIN tasks n ON n.id = d.needs
    WHERE d.task = t.id AND n.state IS NOT 'completed'
);

-- task_counts --
SELECT state, count(*) AS tasks FROM tasks GROUP BY state;

-- tasks_at_work --
SELECT t.number, t.id, t.title, '' AS spec, t.source, t.priority, t.persona, t.verify, t.timeout,
    t.iteration, t.state, t.reason, t.position, t.tries, t.request, t.session, t.reported,
    t.created_at, t.ended_at,
    s.id AS worker,
    (SELECT r.status FROM requests r WHERE r.name = t.request ORDER BY r.id DESC LIMIT 1) AS status,
    (SELECT r.reason FROM requests r WHERE r.name = t.request ORDER BY r.id DESC LIMIT 1) AS why
FROM tasks t LEFT JOIN sessions s
    ON s.id = coalesce(t.session, (SELECT o.id FROM sessions o WHERE o.request_name = t.request))
WHERE t.state IN ('assigned', 'in_progress', 'blocked') AND t.request IS NOT NULL;

-- over_with_life --
SELECT t.number, t.id, t.title, '' AS spec, t.source, t.priority, t.persona, t.verify, t.timeout,
    t.iteration, t.state, t.reason, t.position, t.tries, t.request, t.session, t.reported,
    t.created_at, t.ended_at,
    s.id AS worker, NULL AS status, NULL AS why
FROM sessions s JOIN tasks t ON t.request = s.request_name OR t.session = s.id
WHERE s.state NOT IN ('completed', 'failed', 'stopped') AND s.wanted = 'run'
    AND t.state IN ('failed', 'cancelled');

-- task_of_request --
SELECT id FROM tasks WHERE request = :name;

-- workers_of --
SELECT id, state, request_name FROM sessions WHERE task = :task
ORDER BY state = 'completed' DESC, state IN ('failed', 'stopped'), created_at DESC, id DESC;

-- produced --
SELECT t.id AS id, t.title AS title, s.directory AS directory
FROM dependencies d JOIN tasks t ON t.id = d.needs LEFT JOIN sessions s ON s.id = t.session
WHERE d.task = :task ORDER BY d.place;

-- insert_task --
INSERT INTO tasks (id, title, spec, source, digest, priority, persona, verify, timeout, iteration,
    created_at)
VALUES (:id, :title, :spec, :source, :digest, :priority, :persona, :verify, :timeout, :iteration,
    :created_at);

-- define_task --
UPDATE tasks SET title = :title, spec = :spec, source = :source,
    digest = iif(:keep, digest, :digest),
    priority = :priority, persona = :persona, verify = :verify, timeout = :timeout,
    iteration = :iteration
WHERE id = :id;

-- forget_needs --
DELETE FROM dependencies WHERE task = :task;

-- insert_need --
INSERT INTO dependencies (task, needs, place) VALUES (:task, :needs, :place);

-- move_task --
UPDATE tasks SET state = :state, reason = :reason, position = :position, tries = :tries,
    request = :request, session = :session, reported = :reported, ended_at = :ended_at
WHERE id = :id AND state = :before;

-- place_task --
UPDATE tasks SET position = :position WHERE id = :id AND state = 'queued';

-- report_task --
UPDATE tasks SET reported = :reported WHERE id = :id;

-- written_back --
UPDATE tasks SET written_back = :state WHERE id = :id;

-- to_write_back --
SELECT id, state FROM tasks
WHERE source = 'bd' AND written_back <> state
    AND state IN ('in_progress', 'completed', 'blocked', 'failed');

-- name_taken --
SELECT EXISTS (SELECT 1 FROM sessions WHERE request_name = :name)
    OR EXISTS (SELECT 1 FROM requests WHERE name = :name)
    OR EXISTS (SELECT 1 FROM tasks WHERE request = :name);
