-- all_iterations --
SELECT number, name, state, created_at, started_at, ended_at FROM iterations ORDER BY number;

-- insert_iteration --
INSERT INTO iterations (name, created_at) VALUES (:name, :created_at);

-- move_iteration --
UPDATE iterations SET state = :state, started_at = :started_at, ended_at = :ended_at
WHERE number = :number AND state = :before;
