-- The first schema. Times are UTC text (2017-10-19T15:04:05Z), unknown is NULL, booleans are 0/1.

CREATE TABLE feeds (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    url TEXT NOT NULL UNIQUE,
    title TEXT,
    agency TEXT,
    section TEXT,
    language TEXT,
    state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused', 'gone')),
    interval_s INTEGER NOT NULL,
    next_poll_at TEXT,
    last_attempt_at TEXT,
    last_success_at TEXT,
    last_new_at TEXT,
    failures INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    etag TEXT,
    last_modified TEXT,
    body_hash BLOB
) STRICT;

CREATE TABLE fetches (
    id INTEGER PRIMARY KEY,
    feed_id INTEGER NOT NULL REFERENCES feeds (id) ON DELETE CASCADE,
    started_at TEXT NOT NULL,
    duration_ms INTEGER NOT NULL,
    status INTEGER,
    outcome TEXT NOT NULL CHECK (outcome IN ('new', 'unchanged', 'not_modified', 'error')),
    bytes INTEGER NOT NULL DEFAULT 0,
    entries INTEGER NOT NULL DEFAULT 0,
    new INTEGER NOT NULL DEFAULT 0,
    changed INTEGER NOT NULL DEFAULT 0,
    error TEXT
) STRICT;
CREATE INDEX fetches_feed ON fetches (feed_id, started_at);

CREATE TABLE gaps (
    id INTEGER PRIMARY KEY,
    feed_id INTEGER NOT NULL REFERENCES feeds (id) ON DELETE CASCADE,
    after_at TEXT NOT NULL,
    before_at TEXT NOT NULL,
    estimate INTEGER
) STRICT;
CREATE INDEX gaps_feed ON gaps (feed_id);

CREATE TABLE stories (
    id INTEGER PRIMARY KEY,
    headline TEXT,
    agency TEXT,
    first_article_id INTEGER NOT NULL,
    first_published_at TEXT,
    first_seen_at TEXT NOT NULL,
    last_seen_at TEXT NOT NULL,
    articles INTEGER NOT NULL,
    outlets INTEGER NOT NULL
) STRICT;

-- An article's id is time-ordered: the second of first publication (never later than first sight)
-- times 1,000, plus a number; so the newest-first question walks the ids backwards and never sorts.
CREATE TABLE articles (
    id INTEGER PRIMARY KEY,
    story_id INTEGER NOT NULL REFERENCES stories (id) DEFERRABLE INITIALLY DEFERRED,
    relation TEXT NOT NULL CHECK (
        relation IN ('original', 'update', 'correction', 'repeat', 'copy', 'kill')
    ),
    url TEXT,
    canonical_url TEXT UNIQUE,
    outlet TEXT,
    agency TEXT,
    section TEXT,
    headline TEXT,
    deck TEXT,
    byline TEXT,
    dateline TEXT,
    place TEXT,
    dateline_date TEXT,
    language TEXT,
    published_at TEXT,
    updated_at TEXT,
    first_seen_at TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'usable' CHECK (status IN ('usable', 'withheld', 'canceled')),
    mark TEXT,
    versions INTEGER NOT NULL DEFAULT 1,
    word_count INTEGER NOT NULL DEFAULT 0,
    body TEXT,
    credit TEXT,
    image_url TEXT,
    text_basis TEXT NOT NULL CHECK (text_basis IN ('page', 'feed_full', 'feed_summary', 'title')),
    extractor TEXT NOT NULL
) STRICT;
CREATE INDEX articles_story ON articles (story_id);
CREATE INDEX articles_seen ON articles (first_seen_at);
CREATE INDEX articles_agency ON articles (agency);
CREATE INDEX articles_outlet ON articles (outlet);
CREATE INDEX articles_place ON articles (place);
CREATE INDEX articles_language ON articles (language);
CREATE INDEX articles_relation ON articles (relation);
CREATE INDEX articles_status ON articles (status) WHERE status <> 'usable';

CREATE TABLE entries (
    id INTEGER PRIMARY KEY,
    feed_id INTEGER NOT NULL REFERENCES feeds (id) ON DELETE CASCADE,
    guid TEXT NOT NULL,
    url TEXT,
    title TEXT,
    summary TEXT,
    content TEXT,
    author TEXT,
    tags TEXT,
    image_url TEXT,
    published_at TEXT,
    updated_at TEXT,
    published_raw TEXT,
    first_seen_at TEXT NOT NULL,
    last_seen_at TEXT NOT NULL,
    article_id INTEGER REFERENCES articles (id),
    digest BLOB NOT NULL,
    due_at TEXT,
    tries INTEGER NOT NULL DEFAULT 0,
    page_error TEXT,
    UNIQUE (feed_id, guid)
) STRICT;
CREATE INDEX entries_article ON entries (article_id);
CREATE INDEX entries_due ON entries (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE versions (
    id INTEGER PRIMARY KEY,
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    seen_at TEXT NOT NULL,
    relation TEXT NOT NULL CHECK (
        relation IN ('original', 'update', 'correction', 'repeat', 'copy', 'kill')
    ),
    mark TEXT,
    headline TEXT,
    deck TEXT,
    body TEXT,
    text_basis TEXT NOT NULL CHECK (text_basis IN ('page', 'feed_full', 'feed_summary', 'title')),
    text_hash BLOB NOT NULL,
    body_hash BLOB,
    words_added INTEGER NOT NULL DEFAULT 0,
    words_removed INTEGER NOT NULL DEFAULT 0,
    UNIQUE (article_id, number)
) STRICT;
CREATE INDEX versions_body ON versions (body_hash) WHERE body_hash IS NOT NULL;

CREATE TABLE joins (
    id INTEGER PRIMARY KEY,
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    other_article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    rule TEXT NOT NULL,
    score REAL NOT NULL,
    at TEXT NOT NULL,
    undone_at TEXT
) STRICT;
CREATE INDEX joins_article ON joins (article_id);
CREATE INDEX joins_other ON joins (other_article_id);

CREATE TABLE quotes (
    id INTEGER PRIMARY KEY,
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    paragraph INTEGER NOT NULL,
    speaker TEXT,
    cue TEXT,
    rule TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX quotes_article ON quotes (article_id, version);
CREATE INDEX quotes_speaker ON quotes (speaker);

CREATE TABLE tags (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE article_tags (
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    tag_id INTEGER NOT NULL REFERENCES tags (id),
    PRIMARY KEY (article_id, tag_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX article_tags_tag ON article_tags (tag_id);

CREATE TABLE pages (
    id INTEGER PRIMARY KEY,
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    fetched_at TEXT NOT NULL,
    url TEXT NOT NULL,
    status INTEGER NOT NULL,
    headers TEXT NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE INDEX pages_article ON pages (article_id);
CREATE INDEX pages_fetched ON pages (fetched_at);

CREATE VIRTUAL TABLE articles_fts USING fts5 (
    headline, deck, body, place, byline,
    content = 'articles',
    content_rowid = 'id',
    tokenize = "unicode61 remove_diacritics 2"
);

CREATE TRIGGER articles_fts_insert AFTER INSERT ON articles BEGIN
    INSERT INTO articles_fts (rowid, headline, deck, body, place, byline)
    VALUES (new.id, new.headline, new.deck, new.body, new.place, new.byline);
END;

CREATE TRIGGER articles_fts_delete AFTER DELETE ON articles BEGIN
    INSERT INTO articles_fts (articles_fts, rowid, headline, deck, body, place, byline)
    VALUES ('delete', old.id, old.headline, old.deck, old.body, old.place, old.byline);
END;

CREATE TRIGGER articles_fts_update AFTER UPDATE OF headline, deck, body, place, byline ON articles BEGIN
    INSERT INTO articles_fts (articles_fts, rowid, headline, deck, body, place, byline)
    VALUES ('delete', old.id, old.headline, old.deck, old.body, old.place, old.byline);
    INSERT INTO articles_fts (rowid, headline, deck, body, place, byline)
    VALUES (new.id, new.headline, new.deck, new.body, new.place, new.byline);
END;
