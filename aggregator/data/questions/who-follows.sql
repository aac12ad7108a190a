-- Who runs the copy of agencies, and how fast
-- Outlets by the copies among the newest 5,000, with the minutes that these came after the first article of their story.
-- chart: bars x=outlet y=copies
SELECT
    copies.outlet,
    count(*) AS copies,
    round(avg(copies.id / 1000 - stories.first_article_id / 1000) / 60) AS minutes_behind,
    round(min(copies.id / 1000 - stories.first_article_id / 1000) / 60) AS fastest
FROM (
    SELECT id, story_id, outlet FROM articles WHERE relation = 'copy' ORDER BY id DESC LIMIT 5000
) AS copies
JOIN stories ON stories.id = copies.story_id
WHERE copies.id >= stories.first_article_id
GROUP BY copies.outlet
ORDER BY copies DESC
LIMIT 50
