-- By what the entries of a feed are known again: learnt from its polls, with the evidence; and the two keys
-- besides the guid. url_hash() is a function of the program's own connection (aggregator/urls.py).

ALTER TABLE feeds ADD COLUMN known_by TEXT NOT NULL DEFAULT 'guid' CHECK (known_by IN ('guid', 'url', 'words'));
ALTER TABLE feeds ADD COLUMN known_by_why TEXT;
ALTER TABLE entries ADD COLUMN url_hash INTEGER;
UPDATE entries SET url_hash = url_hash(url);
CREATE INDEX entries_feed_url ON entries (feed_id, url_hash);
CREATE INDEX entries_feed_digest ON entries (feed_id, digest);
