-- At what hour news comes
-- Articles of the last 7 days by the hour of publication (UTC), of the newest 200,000.
-- chart: columns x=hour y=articles by=language
SELECT
    printf('%02d:00', hour) AS hour,
    coalesce(language, 'unknown') AS language,
    count(*) AS articles
FROM (
    SELECT id / 3600000 % 24 AS hour, language
    FROM articles INDEXED BY articles_overview
    WHERE id >= (unixepoch('now') - 7 * 86400) * 1000 AND status <> 'canceled'
    ORDER BY id DESC
    LIMIT 200000
)
GROUP BY 1, 2
ORDER BY 1, 3 DESC
