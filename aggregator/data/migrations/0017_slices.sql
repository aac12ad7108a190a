-- The items of each feed's last document, so that they are not read again: what their reading depended on
-- besides their bytes, then 16 bytes of digest and 8 of the entry's id for each.

CREATE TABLE slices (
    feed_id INTEGER PRIMARY KEY REFERENCES feeds (id) ON DELETE CASCADE,
    context BLOB NOT NULL,
    marks BLOB NOT NULL
) STRICT;
