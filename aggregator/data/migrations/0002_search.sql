-- A search index for news in any language. searchable() is a function of the program's own connection
-- (aggregator/searchtext.py): only who writes articles needs it, who asks does not.

DROP TRIGGER articles_fts_insert;
DROP TRIGGER articles_fts_delete;
DROP TRIGGER articles_fts_update;
DROP TABLE articles_fts;

CREATE INDEX entries_feed_article ON entries (feed_id, article_id);

-- Marks that belong to a letter (categories Mn and Mc: the vowels of Hindi, Bengali, Tamil) do not end a word.
CREATE VIRTUAL TABLE articles_fts USING fts5 (
    headline, deck, body, place, byline,
    content = 'articles',
    content_rowid = 'id',
    tokenize = "unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'"
);

CREATE TRIGGER articles_fts_insert AFTER INSERT ON articles BEGIN
    INSERT INTO articles_fts (rowid, headline, deck, body, place, byline)
    VALUES (
        new.id, searchable(new.headline), searchable(new.deck), searchable(new.body),
        searchable(new.place), searchable(new.byline)
    );
END;

CREATE TRIGGER articles_fts_delete AFTER DELETE ON articles BEGIN
    INSERT INTO articles_fts (articles_fts, rowid, headline, deck, body, place, byline)
    VALUES (
        'delete', old.id, searchable(old.headline), searchable(old.deck), searchable(old.body),
        searchable(old.place), searchable(old.byline)
    );
END;

CREATE TRIGGER articles_fts_update AFTER UPDATE OF headline, deck, body, place, byline ON articles
WHEN (old.headline, old.deck, old.body, old.place, old.byline)
    IS NOT (new.headline, new.deck, new.body, new.place, new.byline)
BEGIN
    INSERT INTO articles_fts (articles_fts, rowid, headline, deck, body, place, byline)
    VALUES (
        'delete', old.id, searchable(old.headline), searchable(old.deck), searchable(old.body),
        searchable(old.place), searchable(old.byline)
    );
    INSERT INTO articles_fts (rowid, headline, deck, body, place, byline)
    VALUES (
        new.id, searchable(new.headline), searchable(new.deck), searchable(new.body),
        searchable(new.place), searchable(new.byline)
    );
END;

-- Superseded texts: an id is the article's × 10,000 + the version's number. A version is superseded when a
-- later one exists. Place and byline belong to articles; here they stay empty, so that one question can be
-- asked of both indexes.
CREATE VIRTUAL TABLE versions_fts USING fts5 (
    headline, deck, body, place, byline,
    content = '',
    tokenize = "unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'"
);

CREATE VIEW superseded_versions (id, article_id, number, headline, deck, body) AS
SELECT article_id * 10000 + number, article_id, number, headline, deck, body
FROM versions AS v
WHERE number < 10000
    AND EXISTS (SELECT 1 FROM versions WHERE article_id = v.article_id AND number = v.number + 1);

CREATE TRIGGER versions_fts_insert AFTER INSERT ON versions WHEN new.number > 1 BEGIN
    INSERT INTO versions_fts (rowid, headline, deck, body)
    SELECT id, searchable(headline), searchable(deck), searchable(body) FROM superseded_versions
    WHERE article_id = new.article_id AND number = new.number - 1;
END;

CREATE TRIGGER versions_fts_before BEFORE UPDATE OF headline, deck, body ON versions BEGIN
    INSERT INTO versions_fts (versions_fts, rowid, headline, deck, body)
    SELECT 'delete', id, searchable(headline), searchable(deck), searchable(body) FROM superseded_versions
    WHERE article_id = old.article_id AND number = old.number;
END;

CREATE TRIGGER versions_fts_after AFTER UPDATE OF headline, deck, body ON versions BEGIN
    INSERT INTO versions_fts (rowid, headline, deck, body)
    SELECT id, searchable(headline), searchable(deck), searchable(body) FROM superseded_versions
    WHERE article_id = new.article_id AND number = new.number;
END;

-- With an article go its versions; their texts are taken out while all of them still stand.
CREATE TRIGGER versions_fts_delete BEFORE DELETE ON articles BEGIN
    INSERT INTO versions_fts (versions_fts, rowid, headline, deck, body)
    SELECT 'delete', id, searchable(headline), searchable(deck), searchable(body) FROM superseded_versions WHERE article_id = old.id;
END;

INSERT INTO articles_fts (rowid, headline, deck, body, place, byline)
SELECT
    id, searchable(headline), searchable(deck), searchable(body), searchable(place), searchable(byline)
FROM articles;
INSERT INTO versions_fts (rowid, headline, deck, body)
SELECT id, searchable(headline), searchable(deck), searchable(body) FROM superseded_versions;
