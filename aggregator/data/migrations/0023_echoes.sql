-- Readings of an article by other collectors that said nothing new at their time (aggregator merge): kept, so that
-- the versions come out the same in whatever order databases are merged.
CREATE TABLE echoes (
    id INTEGER PRIMARY KEY,
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    entry_id INTEGER REFERENCES entries (id) ON DELETE SET NULL,
    seen_at TEXT NOT NULL,
    relation TEXT NOT NULL,
    mark TEXT,
    headline TEXT,
    deck TEXT,
    body TEXT,
    text_basis TEXT NOT NULL,
    extractor TEXT,
    text_hash BLOB NOT NULL,
    body_hash BLOB,
    reread_at TEXT
) STRICT;
CREATE INDEX echoes_article ON echoes (article_id);
CREATE INDEX echoes_entry ON echoes (entry_id);
