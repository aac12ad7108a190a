-- A desk's own names for its copy, how urgent it says it is, and until when it is not to be shown.

ALTER TABLE articles ADD COLUMN slug TEXT;
ALTER TABLE articles ADD COLUMN item_id TEXT;
ALTER TABLE articles ADD COLUMN urgency INTEGER CHECK (urgency BETWEEN 1 AND 9);
ALTER TABLE articles ADD COLUMN embargo_until TEXT;
-- The other versions of a piece of copy are found by these two.
CREATE INDEX articles_slug ON articles (slug COLLATE NOCASE, first_seen_at) WHERE slug IS NOT NULL;
CREATE INDEX articles_item ON articles (item_id, first_seen_at) WHERE item_id IS NOT NULL;
