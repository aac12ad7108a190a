-- What a feed's server, and the feed itself, wish; what is learnt of it; and what hosts asked for.

ALTER TABLE feeds ADD COLUMN interval_why TEXT;
ALTER TABLE feeds ADD COLUMN not_before_at TEXT;
ALTER TABLE feeds ADD COLUMN moved_to TEXT;
ALTER TABLE feeds ADD COLUMN moves INTEGER NOT NULL DEFAULT 0;
ALTER TABLE feeds ADD COLUMN unmodified INTEGER NOT NULL DEFAULT 0;
ALTER TABLE feeds ADD COLUMN delta INTEGER NOT NULL DEFAULT 0;
ALTER TABLE feeds ADD COLUMN floor_s INTEGER;
ALTER TABLE feeds ADD COLUMN skip_hours TEXT;
ALTER TABLE feeds ADD COLUMN skip_days TEXT;
ALTER TABLE feeds ADD COLUMN window_from TEXT;
ALTER TABLE feeds ADD COLUMN rhythm TEXT;

CREATE TABLE hosts (
    id INTEGER PRIMARY KEY,
    host TEXT NOT NULL UNIQUE,
    closed_until TEXT,
    robots TEXT,
    robots_read_at TEXT,
    robots_until TEXT,
    robots_unreachable INTEGER NOT NULL DEFAULT 0
) STRICT;
