-- New texts go into the search index together, at the end of their transaction (aggregator/store/indexing.py):
-- FTS5 writes a part of its own whenever another statement comes in between, and merges them all later, which
-- took two fifths of the time of storing an article.

-- Empty but inside a transaction.
CREATE TABLE unindexed (
    article_id INTEGER PRIMARY KEY
) STRICT;

DROP TRIGGER articles_fts_insert;
DROP TRIGGER articles_fts_delete;
DROP TRIGGER articles_fts_update;

CREATE TRIGGER articles_fts_insert AFTER INSERT ON articles BEGIN
    INSERT INTO unindexed (article_id) VALUES (new.id);
END;

CREATE TRIGGER articles_fts_delete AFTER DELETE ON articles BEGIN
    INSERT INTO articles_fts (articles_fts, rowid, headline, deck, body, place, byline)
    SELECT
        'delete', old.id, searchable(old.headline), searchable(old.deck), searchable(old.body),
        searchable(old.place), searchable(old.byline)
    WHERE NOT EXISTS (SELECT 1 FROM unindexed WHERE article_id = old.id);
    DELETE FROM unindexed WHERE article_id = old.id;
END;

CREATE TRIGGER articles_fts_update AFTER UPDATE OF headline, deck, body, place, byline ON articles
WHEN (old.headline, old.deck, old.body, old.place, old.byline)
    IS NOT (new.headline, new.deck, new.body, new.place, new.byline)
    AND NOT EXISTS (SELECT 1 FROM unindexed WHERE article_id = old.id)
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
