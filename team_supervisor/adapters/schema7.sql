-- Version 7: which task of the plan a session is for, so that a lost database is built again with it.

ALTER TABLE sessions ADD COLUMN task TEXT;

UPDATE sessions SET task = (SELECT t.id FROM tasks t WHERE t.session = sessions.id);

CREATE INDEX sessions_by_task ON sessions (task) WHERE task IS NOT NULL
