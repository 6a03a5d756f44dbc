-- The journal's tables; what the columns mean is said in take.py (Job, Take, News) and ledger.py.

CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, client_id TEXT UNIQUE, digest TEXT NOT NULL, request TEXT NOT NULL, origin TEXT NOT NULL,
    priority INTEGER NOT NULL, source_sha256 TEXT, source_stamp TEXT, no_upload INTEGER NOT NULL, created_s REAL NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS jobs_by_digest ON jobs (digest);
CREATE TABLE IF NOT EXISTS takes (
    id TEXT PRIMARY KEY, job_id TEXT NOT NULL REFERENCES jobs, number INTEGER NOT NULL, state TEXT NOT NULL,
    provider TEXT NOT NULL, model TEXT NOT NULL, seed INTEGER NOT NULL, estimate_micro_usd INTEGER NOT NULL,
    actual_micro_usd INTEGER, ticket TEXT, input_sha TEXT, url TEXT, url_expires_s REAL, raw_sha TEXT, finished_sha TEXT,
    report_sha TEXT, path TEXT, placement TEXT, progress REAL, tries INTEGER NOT NULL DEFAULT 0, reason TEXT,
    wake_at_s REAL, needs_user INTEGER NOT NULL DEFAULT 0, stopped_in TEXT, error TEXT, facts TEXT NOT NULL DEFAULT '{}',
    created_s REAL NOT NULL, updated_s REAL NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS takes_by_job ON takes (job_id);
CREATE INDEX IF NOT EXISTS takes_by_state ON takes (state);
CREATE TABLE IF NOT EXISTS transitions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, take_id TEXT NOT NULL, job_id TEXT NOT NULL, was TEXT, state TEXT NOT NULL,
    at_s REAL NOT NULL, note TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS charges (
    id INTEGER PRIMARY KEY AUTOINCREMENT, take_id TEXT NOT NULL, provider TEXT NOT NULL, micro_usd INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('reserved', 'settled', 'released', 'doubtful')), at_s REAL NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS charges_by_take ON charges (take_id);
CREATE TABLE IF NOT EXISTS drops (
    folder TEXT NOT NULL, name TEXT NOT NULL, stamp TEXT NOT NULL, job_id TEXT, note TEXT NOT NULL,
    PRIMARY KEY (folder, name)
) STRICT;
CREATE TABLE IF NOT EXISTS cursors (name TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT;
