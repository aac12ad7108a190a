-- Who ran this story
-- All articles of one story, in the order in which they were published, with the words of each.
-- Give the number of a story.
-- chart: bars x=outlet y=word_count
SELECT
    id,
    published_at,
    outlet,
    agency,
    relation,
    mark,
    CASE WHEN status = 'withheld' OR coalesce(embargo_until, '') > strftime('%Y-%m-%dT%H:%M:%SZ', 'now')
        THEN NULL ELSE headline END AS headline,
    word_count,
    url
FROM articles
WHERE story_id = :story
ORDER BY id
