-- The first schema. Every transition of a job is one UPDATE, hence one transaction: what else must
-- happen with it (its event, its dependency rows) happens in triggers.

CREATE TABLE configs (
    hash TEXT PRIMARY KEY,
    content TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE jobs (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    spec TEXT NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('waiting', 'running', 'paused', 'succeeded', 'failed', 'cancelled')),
    reason TEXT NOT NULL,
    fix TEXT NOT NULL,
    priority INTEGER NOT NULL,
    position REAL NOT NULL,
    depends_on TEXT NOT NULL,
    key TEXT,
    config TEXT NOT NULL,
    seed INTEGER NOT NULL,
    created REAL NOT NULL,
    started REAL,
    ended REAL,
    not_before REAL NOT NULL,
    attempt INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    claim TEXT,
    device TEXT,
    stop TEXT,
    cancelled_for TEXT,
    outputs TEXT NOT NULL,
    -- A claim is held exactly while the job runs.
    CHECK ((state = 'running') = (claim IS NOT NULL))
);

CREATE INDEX jobs_waiting ON jobs (priority DESC, position, number) WHERE state = 'waiting';
CREATE INDEX jobs_backed_off ON jobs (not_before) WHERE state = 'waiting' AND not_before > 0;
CREATE INDEX jobs_running ON jobs (number) WHERE state = 'running';
CREATE UNIQUE INDEX jobs_key ON jobs (key) WHERE key IS NOT NULL;
CREATE INDEX jobs_cancelled_for ON jobs (cancelled_for) WHERE cancelled_for IS NOT NULL;

CREATE TABLE dependencies (
    job TEXT NOT NULL,
    needs TEXT NOT NULL,
    PRIMARY KEY (job, needs)
) WITHOUT ROWID;
CREATE INDEX dependencies_needs ON dependencies (needs);

CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    job TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    stop TEXT
);

CREATE TABLE datasets (
    folder TEXT PRIMARY KEY,
    record TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TRIGGER job_submitted AFTER INSERT ON jobs BEGIN
    INSERT INTO events (at, job, state, reason, attempt, stop)
        VALUES (NEW.created, NEW.id, NEW.state, NEW.reason, NEW.attempt, NEW.stop);
END;

CREATE TRIGGER job_depends AFTER INSERT ON jobs WHEN NEW.depends_on != '[]' BEGIN
    INSERT OR IGNORE INTO dependencies (job, needs)
        SELECT NEW.id, value FROM json_each(NEW.depends_on);
END;

CREATE TRIGGER job_changed AFTER UPDATE OF state, stop, reason, priority, position ON jobs BEGIN
    INSERT INTO events (at, job, state, reason, attempt, stop)
        VALUES (
            (julianday('now') - 2440587.5) * 86400.0,
            NEW.id, NEW.state, NEW.reason, NEW.attempt, NEW.stop
        );
END;
