-- What an update may belong to: an agency's copy from one place; and, the other way round, its updates.

CREATE INDEX articles_desk ON articles (agency, place COLLATE NOCASE, first_seen_at) WHERE agency IS NOT NULL;
CREATE INDEX articles_marked ON articles (agency, place COLLATE NOCASE, first_seen_at)
    WHERE relation IN ('update', 'correction');
