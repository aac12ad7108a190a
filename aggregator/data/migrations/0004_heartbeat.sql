-- One row: the daemon that polls into this file, as it last said so.

CREATE TABLE heartbeat (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    pid INTEGER NOT NULL,
    version TEXT NOT NULL,
    started_at TEXT NOT NULL,
    at TEXT NOT NULL,
    polls_in_hand INTEGER NOT NULL,
    articles_in_hand INTEGER NOT NULL
) STRICT;
