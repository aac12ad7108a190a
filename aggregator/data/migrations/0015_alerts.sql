-- Saved searches that send what is new: how far each has looked, and what it has sent or is to send.

CREATE TABLE alerts (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    looked_to INTEGER NOT NULL, -- the last row of versions it has looked at
    paused INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1)), -- not in feeds.yaml any more
    added_at TEXT NOT NULL
) STRICT;

-- What is to be said of an article; its words are put together when it is sent, so that a kill in between
-- is honoured. due_at is NULL when all is done: sent, or given up for the reason in error.
CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY,
    alert_id INTEGER NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    reason TEXT NOT NULL CHECK (reason IN ('new', 'match', 'correction', 'kill')),
    made_at TEXT NOT NULL,
    due_at TEXT,
    tries INTEGER NOT NULL DEFAULT 0,
    sent_at TEXT,
    error TEXT,
    UNIQUE (alert_id, article_id, version)
) STRICT;
CREATE INDEX deliveries_article ON deliveries (article_id);
CREATE INDEX deliveries_due ON deliveries (due_at) WHERE due_at IS NOT NULL;
