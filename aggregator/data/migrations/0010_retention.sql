-- What `keep: {entries: …}` of feeds.yaml lets go.

-- An entry that was let go leaves a number made of its guid, so that it does not come back as new while its
-- feed still shows it: about a dozen bytes each.
CREATE TABLE pruned_entries (
    feed_id INTEGER NOT NULL REFERENCES feeds (id) ON DELETE CASCADE,
    guid_hash INTEGER NOT NULL,
    PRIMARY KEY (feed_id, guid_hash)
) STRICT, WITHOUT ROWID;

-- Entries that never became an article are found by their age; nearly all become one at once.
CREATE INDEX entries_unread ON entries (first_seen_at) WHERE article_id IS NULL;
