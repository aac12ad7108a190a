-- From what a version was read, so that it can be read again; and the readings that a later one replaced.

ALTER TABLE pages ADD COLUMN version INTEGER;
ALTER TABLE versions ADD COLUMN entry_id INTEGER REFERENCES entries (id) ON DELETE SET NULL;
ALTER TABLE versions ADD COLUMN extractor TEXT;
ALTER TABLE versions ADD COLUMN reread_at TEXT;
CREATE INDEX versions_entry ON versions (entry_id);

-- A page is fetched just before its version is stored.
UPDATE pages SET version = (
    SELECT min(number) FROM versions
    WHERE article_id = pages.article_id AND text_basis = 'page' AND seen_at >= pages.fetched_at
);
-- Of several feeds' entries nobody noted which gave the text.
UPDATE versions SET entry_id = (
    SELECT iif(count(*) = 1, min(id), NULL) FROM entries WHERE article_id = versions.article_id
);
UPDATE versions SET extractor = a.extractor
FROM articles AS a
WHERE a.id = versions.article_id AND a.versions = versions.number AND a.status <> 'canceled';

-- What a version said before it was read again with later rules.
CREATE TABLE readings (
    id INTEGER PRIMARY KEY,
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    replaced_at TEXT NOT NULL,
    extractor TEXT,
    text_basis TEXT NOT NULL,
    relation TEXT NOT NULL,
    mark TEXT,
    headline TEXT,
    deck TEXT,
    body TEXT
) STRICT;
CREATE INDEX readings_article ON readings (article_id, version);
