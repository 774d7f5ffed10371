-- What made this snapshot, and how good it is.
CREATE TABLE runs (
    run_id      VARCHAR PRIMARY KEY,
    plan        VARCHAR NOT NULL,     -- SHA-256 of configuration, inputs and code version: equal plan, equal snapshot
    started_at  TIMESTAMP NOT NULL,   -- UTC
    finished_at TIMESTAMP NOT NULL,
    config      JSON NOT NULL,
    versions    JSON NOT NULL,
    notes       JSON NOT NULL         -- rows dropped, by file and reason; seconds of every step
);

CREATE TABLE evaluations (
    space_id VARCHAR NOT NULL,
    task     VARCHAR NOT NULL,        -- translation: words against a held-out dictionary; documents: equal ids across languages
    source   VARCHAR NOT NULL,
    target   VARCHAR NOT NULL,
    measure  VARCHAR NOT NULL,
    value    DOUBLE NOT NULL
);
