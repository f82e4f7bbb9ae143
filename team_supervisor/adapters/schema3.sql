-- Version 3: what was found wanting when a session's work was last disputed.

ALTER TABLE sessions ADD COLUMN dispute TEXT NOT NULL DEFAULT '';
