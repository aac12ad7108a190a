-- What new texts bring to the index of near texts waits here, a row a text, and goes to its places in `postings`,
-- `refrains` and `headline_words` many texts at a time (aggregator/store/unposted.py): text by text, each of its
-- twenty places was a page to be written.

CREATE TABLE unposted (
    id INTEGER PRIMARY KEY,
    mark INTEGER NOT NULL,  -- by chance; no other row has it
    number INTEGER NOT NULL,  -- of its sketch; 0: it has none
    story_id INTEGER NOT NULL,
    shingles BLOB NOT NULL,
    passages BLOB NOT NULL,
    words BLOB NOT NULL
) STRICT;
