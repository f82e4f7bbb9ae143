-- put --
INSERT INTO outbox (place, event, words, count, look, created_at, due_at)
VALUES (:place, :event, :words, 1, :look, :at, :due);

-- gathering --
SELECT * FROM outbox
WHERE state = 'waiting' AND event = :event AND place = :place AND tries = 0 AND due_at > :now
ORDER BY number DESC LIMIT 1;

-- gather --
UPDATE outbox SET words = :words, count = count + 1 WHERE number = :number;

-- no_longer --
UPDATE outbox SET due_at = :now
WHERE state = 'waiting' AND place = :place AND tries = 0 AND due_at > :now;

-- queued --
SELECT number, tries, due_at, problem FROM outbox
WHERE state = 'waiting' AND place = :place ORDER BY number;

-- one --
SELECT * FROM outbox WHERE number = :number;

-- rest_no_longer --
UPDATE outbox SET due_at = :now
WHERE state = 'waiting' AND place = :place AND tries > 0 AND due_at > :now;

-- begun --
UPDATE outbox SET tries = tries + 1, tried_at = :now WHERE number = :number;

-- delivered --
UPDATE outbox SET state = 'delivered', problem = NULL WHERE number = :number;

-- failed --
UPDATE outbox SET problem = :problem, due_at = :due WHERE number = :number;

-- give_up --
UPDATE outbox SET state = 'given-up', problem = coalesce(problem, 'it was never tried')
WHERE state = 'waiting' AND (created_at < :before OR number <= (
    SELECT number FROM outbox WHERE state = 'waiting' ORDER BY number DESC LIMIT 1 OFFSET :most
));

-- forget --
DELETE FROM outbox WHERE state <> 'waiting' AND number <= (
    SELECT number FROM outbox WHERE state <> 'waiting' ORDER BY number DESC LIMIT 1 OFFSET :most
);

-- waiting --
SELECT * FROM outbox WHERE state = 'waiting' ORDER BY number;

-- counts --
SELECT state, count(*) AS messages FROM outbox GROUP BY state;

-- last_problem --
SELECT * FROM outbox WHERE state = 'given-up' ORDER BY number DESC LIMIT 1
