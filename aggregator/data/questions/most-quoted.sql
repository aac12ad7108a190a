-- Who is quoted most
-- Speakers of the newest 10,000 articles, with their quotations and the stories these stand in.
-- chart: bars x=speaker y=quotations
SELECT
    quotes.speaker,
    count(*) AS quotations,
    count(DISTINCT articles.story_id) AS stories
FROM (
    SELECT id, story_id
    FROM articles INDEXED BY articles_overview
    WHERE id > 0 AND status = 'usable'
        AND coalesce(embargo_until, '') <= strftime('%Y-%m-%dT%H:%M:%SZ', 'now')
    ORDER BY id DESC
    LIMIT 10000
) AS articles
JOIN quotes ON quotes.article_id = articles.id
WHERE quotes.speaker IS NOT NULL
GROUP BY quotes.speaker
ORDER BY stories DESC, quotations DESC
LIMIT 50
