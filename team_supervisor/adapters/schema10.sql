-- Version 10: the limit in seconds over which a tick ended a session, so that its task fails for it.

ALTER TABLE sessions ADD COLUMN overdue REAL
