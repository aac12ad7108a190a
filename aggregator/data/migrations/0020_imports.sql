-- Files that were imported, and how far: written in one transaction with the articles that came of them.
CREATE TABLE imports (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    path TEXT NOT NULL,
    offset INTEGER NOT NULL DEFAULT 0,
    past INTEGER NOT NULL DEFAULT 0,
    records INTEGER NOT NULL DEFAULT 0,
    articles INTEGER NOT NULL DEFAULT 0,
    started_at TEXT NOT NULL,
    ended_at TEXT
) STRICT;
