-- What kills named and removed, so that it is known when it comes late or again; and what became of articles.

CREATE TABLE kills (
    id INTEGER PRIMARY KEY,
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    at TEXT NOT NULL,
    outlet TEXT,
    agency TEXT,
    item_id TEXT,
    slug TEXT,
    canonical_url TEXT,
    headline_hash BLOB,
    body_hash BLOB
) STRICT;
CREATE INDEX kills_article ON kills (article_id);
CREATE INDEX kills_item ON kills (item_id) WHERE item_id IS NOT NULL;
CREATE INDEX kills_slug ON kills (slug COLLATE NOCASE, at) WHERE slug IS NOT NULL;
CREATE INDEX kills_url ON kills (canonical_url) WHERE canonical_url IS NOT NULL;
CREATE INDEX kills_headline ON kills (headline_hash, at) WHERE headline_hash IS NOT NULL;
CREATE INDEX kills_body ON kills (body_hash) WHERE body_hash IS NOT NULL;

-- A copy whose original was killed; an article whose page has vanished (404, 410), which is no kill.
ALTER TABLE articles ADD COLUMN origin_killed_at TEXT;
ALTER TABLE articles ADD COLUMN gone_at TEXT;
CREATE INDEX articles_origin_killed ON articles (origin_killed_at) WHERE origin_killed_at IS NOT NULL;
CREATE INDEX articles_gone ON articles (gone_at) WHERE gone_at IS NOT NULL;
CREATE INDEX articles_embargo ON articles (embargo_until) WHERE embargo_until IS NOT NULL;
