-- What stands under an article's picture, how sure its text is, and whether the page keeps the rest for subscribers.
ALTER TABLE articles ADD COLUMN image_caption TEXT;
ALTER TABLE articles ADD COLUMN image_credit TEXT;
ALTER TABLE articles ADD COLUMN confidence REAL CHECK (confidence BETWEEN 0 AND 1);
ALTER TABLE articles ADD COLUMN paywalled INTEGER NOT NULL DEFAULT 0 CHECK (paywalled IN (0, 1));
