-- By what near texts are found, kept for as long as they may be joined (aggregator/store/sketches.py).

-- A text's own words as hashes (aggregator/sketch.py); ids of articles tell when it was published.
CREATE TABLE sketches (
    number INTEGER PRIMARY KEY,
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    seen_at TEXT NOT NULL,
    sketch BLOB NOT NULL
) STRICT;
CREATE INDEX sketches_article ON sketches (article_id);

-- Under which shingles a sketch is found.
CREATE TABLE postings (
    shingle INTEGER NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (shingle, number)
) STRICT, WITHOUT ROWID;

-- Paragraphs of an outlet, and in how many stories it printed them.
CREATE TABLE refrains (
    passage_hash INTEGER PRIMARY KEY,
    stories INTEGER NOT NULL,
    last_story_id INTEGER NOT NULL
) STRICT;

-- In how many headlines a word was seen lately; the word 0 counts the headlines.
CREATE TABLE headline_words (
    word_hash INTEGER PRIMARY KEY,
    articles INTEGER NOT NULL
) STRICT;

-- What an editor took apart stays apart, whatever rules say.
CREATE TABLE splits (
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    other_article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    at TEXT NOT NULL,
    PRIMARY KEY (article_id, other_article_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX splits_other ON splits (other_article_id);

-- The shares by which a join was judged, as JSON: {"contained": 0.83, "numbers": 1.0, …}
ALTER TABLE joins ADD COLUMN evidence TEXT;
-- How much of the joined article's text stands word for word in the one it was joined to, from 0 to 1.
ALTER TABLE joins ADD COLUMN verbatim REAL;

-- Who had a story when: its outlets, each with its first article. It had the text after the last poll that did not
-- show it (NULL: there was none, or it is forgotten) and by the first one that did.
CREATE VIEW story_coverage (
    story_id, outlet, article_id, relation, published_at, had_after, had_by, verbatim
) AS
WITH had AS (
    SELECT a.id, a.story_id, a.outlet, a.relation, a.published_at,
           coalesce((SELECT min(first_seen_at) FROM entries WHERE article_id = a.id), a.first_seen_at) AS had_by
    FROM articles AS a
)
SELECT h.story_id, h.outlet, h.id, h.relation, h.published_at,
       (
           SELECT max(f.started_at)
           FROM entries AS e JOIN fetches AS f ON f.feed_id = e.feed_id
           WHERE e.article_id = h.id AND e.first_seen_at = h.had_by
               AND f.started_at < h.had_by AND f.outcome <> 'error'
       ),
       h.had_by,
       (SELECT verbatim FROM joins WHERE article_id = h.id AND undone_at IS NULL ORDER BY id DESC LIMIT 1)
FROM had AS h
WHERE NOT EXISTS (
    SELECT 1 FROM articles AS earlier
    WHERE earlier.story_id = h.story_id AND earlier.outlet IS h.outlet AND earlier.id < h.id
);
