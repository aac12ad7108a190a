-- Corrections and kills
-- Texts that were corrected or withdrawn, newest first.
SELECT
    versions.seen_at,
    versions.relation,
    versions.mark,
    articles.outlet,
    articles.agency,
    articles.headline,
    versions.article_id,
    versions.number AS version
FROM versions
JOIN articles ON articles.id = versions.article_id
WHERE versions.relation IN ('correction', 'kill')
ORDER BY versions.id DESC
LIMIT 200
