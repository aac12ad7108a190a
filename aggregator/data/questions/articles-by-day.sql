-- Articles by day and agency
-- The days up to now, 30 at most: give how many, or nothing for 7. Of the newest 200,000 articles.
-- chart: columns x=day y=articles by=agency
SELECT
    date(day * 86400, 'unixepoch') AS day,
    coalesce(agency, 'unknown') AS agency,
    count(*) AS articles
FROM (
    SELECT id / 86400000 AS day, agency
    FROM articles INDEXED BY articles_overview
    WHERE id >= 1000 * (
            unixepoch('now', 'start of day')
            - 86400 * (min(CAST(coalesce(nullif(:days, ''), 7) AS INTEGER), 30) - 1)
        )
        AND status <> 'canceled'
    ORDER BY id DESC
    LIMIT 200000
)
GROUP BY 1, 2
ORDER BY 1, 3 DESC
