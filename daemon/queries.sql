-- Named queries of daemon.store. A line `-- name: x` starts the query x.

-- name: submit
-- Jobs of one submission, all or none: they arrive as one JSON array.
INSERT INTO jobs (
    number, id, kind, spec, state, reason, fix, priority, position, depends_on, key, config, seed,
    created, not_before, attempt, failures, outputs
)
SELECT
    json_extract(value, '$.number'), json_extract(value, '$.id'), json_extract(value, '$.kind'),
    json_extract(value, '$.spec'), 'waiting', '', '', json_extract(value, '$.priority'),
    json_extract(value, '$.position'), json_extract(value, '$.depends_on'),
    json_extract(value, '$.key'), json_extract(value, '$.config'), json_extract(value, '$.seed'),
    json_extract(value, '$.created'), 0, 0, 0, '{}'
FROM json_each(:jobs);

-- name: keep_config
INSERT OR IGNORE INTO configs (hash, content) VALUES (:hash, :content);

-- name: config
SELECT content FROM configs WHERE hash = :hash;

-- name: transition
-- Writes nothing when the job is no longer as it was read: then ownership was lost.
UPDATE jobs SET
    state = :state, reason = :reason, fix = :fix, priority = :priority, position = :position,
    started = :started, ended = :ended, not_before = :not_before, attempt = :attempt,
    failures = :failures, claim = :claim, device = :device, stop = :stop,
    cancelled_for = :cancelled_for, outputs = :outputs
WHERE number = :number AND state = :was_state AND claim IS :was_claim
    AND attempt = :was_attempt AND stop IS :was_stop
RETURNING number;

-- name: ready
-- Waiting jobs that nothing but resources can hold back, and those whose dependency ended badly.
SELECT jobs.* FROM jobs
WHERE state = 'waiting' AND not_before <= :now
    AND kind IN (SELECT value FROM json_each(:kinds))
    AND NOT EXISTS (
        SELECT 1 FROM dependencies JOIN jobs AS needed ON needed.id = dependencies.needs
        WHERE dependencies.job = jobs.id AND needed.state IN ('waiting', 'running', 'paused')
    )
ORDER BY priority DESC, position, number
LIMIT :limit;

-- name: next_attempt
SELECT min(not_before) FROM jobs WHERE state = 'waiting' AND not_before > 0 AND not_before > :now;

-- name: running
SELECT * FROM jobs WHERE state = 'running' ORDER BY number;

-- name: active
SELECT * FROM jobs WHERE state IN ('waiting', 'running', 'paused') ORDER BY number;

-- name: line
-- The waiting jobs that come first.
SELECT * FROM jobs WHERE state = 'waiting' ORDER BY priority DESC, position, number LIMIT :limit;

-- name: job
SELECT * FROM jobs WHERE id = :id;

-- name: number
SELECT * FROM jobs WHERE number = :number;

-- name: with_ids
SELECT * FROM jobs WHERE id IN (SELECT value FROM json_each(:ids)) ORDER BY number;

-- name: with_keys
SELECT * FROM jobs WHERE key IN (SELECT value FROM json_each(:keys));

-- name: listed
-- The newest jobs in one of the given states, newest first.
SELECT * FROM jobs
WHERE state IN (SELECT value FROM json_each(:states))
ORDER BY number DESC
LIMIT :limit;

-- name: counts
SELECT state, count(*) FROM jobs GROUP BY state;

-- name: states_of
SELECT id, state FROM jobs WHERE id IN (SELECT value FROM json_each(:ids));

-- name: needed_states
-- States of all that the given jobs depend on.
SELECT jobs.id, jobs.state FROM dependencies JOIN jobs ON jobs.id = dependencies.needs
WHERE dependencies.job IN (SELECT value FROM json_each(:ids));

-- name: for_datasets
SELECT * FROM jobs
WHERE key IS NOT NULL OR json_extract(spec, '$.dataset') IS NOT NULL
ORDER BY number;

-- name: cancelled_for
SELECT * FROM jobs WHERE cancelled_for = :id AND state = 'cancelled' ORDER BY number;

-- name: related
-- A job, all that it depends on, and all that depends on it, however far.
WITH RECURSIVE
    needed (id) AS (
        SELECT :id
        UNION
        SELECT dependencies.needs FROM dependencies JOIN needed ON dependencies.job = needed.id
    ),
    needing (id) AS (
        SELECT :id
        UNION
        SELECT dependencies.job FROM dependencies JOIN needing ON dependencies.needs = needing.id
    )
SELECT * FROM jobs
WHERE id IN (SELECT id FROM needed UNION SELECT id FROM needing)
ORDER BY number
LIMIT :limit;

-- name: last_number
SELECT coalesce(max(number), 0) FROM jobs;

-- name: queue_ends
SELECT coalesce(min(position), 0), coalesce(max(position), 0) FROM jobs WHERE state = 'waiting';

-- name: highest_priority
SELECT max(priority) FROM jobs WHERE state = 'waiting';

-- name: neighbour_before
-- The waiting job that stands directly before a place in the queue.
SELECT position FROM jobs
WHERE state = 'waiting' AND priority = :priority AND position < :position AND number != :number
ORDER BY position DESC LIMIT 1;

-- name: spread_positions
-- Repeated insertions between the same two jobs use up the numbers between them.
UPDATE jobs SET position = spread.place
FROM (
    SELECT number, row_number() OVER (ORDER BY position, number) AS place
    FROM jobs WHERE state = 'waiting'
) AS spread
WHERE jobs.number = spread.number;

-- name: events_after
SELECT id, at, job, state, reason, attempt, stop FROM events
WHERE id > :cursor ORDER BY id LIMIT :limit;

-- name: last_event
SELECT coalesce(max(id), 0) FROM events;

-- name: keep_dataset
INSERT INTO datasets (folder, record) VALUES (:folder, :record)
ON CONFLICT (folder) DO UPDATE SET record = excluded.record WHERE record != excluded.record;

-- name: forget_dataset
DELETE FROM datasets WHERE folder = :folder;

-- name: datasets
SELECT folder, record FROM datasets ORDER BY folder;
