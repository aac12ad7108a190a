-- Lines that repeat across an outlet's pages: what is learnt of them, and of how many pages.

CREATE TABLE furniture (
    outlet TEXT NOT NULL,
    digest BLOB NOT NULL,
    pages INTEGER NOT NULL,
    last_seen_at TEXT NOT NULL,
    text TEXT,  -- only of a line that is furniture: any other is some article's own
    PRIMARY KEY (outlet, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX furniture_known ON furniture (outlet, pages) WHERE text IS NOT NULL;

CREATE TABLE furniture_pages (
    outlet TEXT PRIMARY KEY,
    pages INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
