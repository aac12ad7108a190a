-- Lines left out as furniture
-- Lines that repeat across an outlet's pages, and on what share of its last pages they stood.
-- Give an outlet's host, or nothing for all.
SELECT
    furniture.outlet,
    furniture.pages,
    round(1.0 * furniture.pages / furniture_pages.pages, 2) AS share,
    last_seen_at,
    text
FROM furniture JOIN furniture_pages ON furniture_pages.outlet = furniture.outlet
WHERE text IS NOT NULL AND (:outlet = '' OR furniture.outlet = :outlet)
ORDER BY furniture.outlet, furniture.pages DESC
