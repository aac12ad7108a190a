-- Corrections and kills
-- Texts that were corrected or withdrawn, the newest 200.
-- chart: columns x=day y=count by=relation
SELECT
    date(versions.seen_at) AS day,
    versions.seen_at,
    versions.relation,
    versions.mark,
    articles.outlet,
    articles.agency,
    articles.headline,
    versions.article_id,
    versions.number AS version
FROM versions INDEXED BY versions_grave
JOIN articles ON articles.id = versions.article_id
WHERE versions.relation IN ('correction', 'kill')
    AND (articles.status = 'canceled' OR iif(
        articles.embargo_until IS NULL,
        articles.status <> 'withheld',
        articles.embargo_until <= strftime('%Y-%m-%dT%H:%M:%SZ', 'now')
    ))
ORDER BY versions.id DESC
LIMIT 200
