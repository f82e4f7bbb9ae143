-- add --
INSERT INTO heartbeats (session, at, summary) VALUES (:session, :at, :summary);

-- forget --
DELETE FROM heartbeats WHERE number <= (SELECT max(number) FROM heartbeats) - :most;

-- last --
SELECT session, at, summary FROM heartbeats ORDER BY number DESC LIMIT :most
