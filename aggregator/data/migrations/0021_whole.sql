-- When a feed's whole came last: answers of 304 are not believed for longer than a month.
ALTER TABLE feeds ADD COLUMN whole_at TEXT;
