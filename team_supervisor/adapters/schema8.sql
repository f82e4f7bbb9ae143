-- Version 8: a person asks for a new process of a session; what its list says of what it waits for.

ALTER TABLE sessions ADD COLUMN restart_wanted INTEGER NOT NULL DEFAULT 0;

ALTER TABLE sessions ADD COLUMN restart_reason TEXT NOT NULL DEFAULT '';

ALTER TABLE sessions ADD COLUMN tasks_pause TEXT NOT NULL DEFAULT ''
