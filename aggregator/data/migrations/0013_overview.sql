-- What maps and charts count, in the order of time: a row of articles lies on a page of its own, because of its
-- text, and this index holds a hundred of them on one. About 90 bytes an article.
CREATE INDEX articles_overview ON articles (
    id, story_id, status, embargo_until, relation, agency, language, place, dateline
);
