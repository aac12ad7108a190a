-- A search index for news in any language, kept by triggers alone: whoever writes articles and
-- versions need not know about it.
--
-- * Scripts written without spaces (and Korean, whose particles stick to their words) are indexed as
--   pairs of neighbouring letters, with the last letter of a run alone: 東京の洪水 is 東京 京の の洪 洪水 水,
--   so that a word of two letters or more is found wherever it stands, and one letter as a prefix.
-- * Marks that belong to a letter (categories Mn and Mc: the vowels of Hindi, Bengali, Tamil) do not end a word.
-- * Arabic vowel signs and stretching are left out, alef is written one way, ё is е.
-- * The text of a canceled article is not in it.
-- * Superseded texts have an index of their own.
--
-- aggregator/query/words.py does the same to what is asked; tests hold the two together.

DROP TRIGGER articles_fts_insert;
DROP TRIGGER articles_fts_delete;
DROP TRIGGER articles_fts_update;
DROP TABLE articles_fts;

CREATE INDEX entries_feed_article ON entries (feed_id, article_id);

-- Most texts have none of these letters: one pass over them finds it out.
CREATE VIEW articles_folded (
    id, headline, deck, body, place, byline,
    folded_headline, folded_deck, folded_body, folded_place, folded_byline
) AS
    SELECT
        id, headline, deck, body, place, byline,
        replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
            replace(replace(replace(headline, 'Ё', 'Е'), 'ё', 'е'), 'آ', 'ا'), 'أ', 'ا'), 'إ', 'ا'), 'ـ', ''),
            char(1611), ''), char(1612), ''), char(1613), ''), char(1614), ''), char(1615), ''),
            char(1616), ''), char(1617), ''), char(1618), ''), char(1648), ''),
        replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
            replace(replace(replace(deck, 'Ё', 'Е'), 'ё', 'е'), 'آ', 'ا'), 'أ', 'ا'), 'إ', 'ا'), 'ـ', ''),
            char(1611), ''), char(1612), ''), char(1613), ''), char(1614), ''), char(1615), ''),
            char(1616), ''), char(1617), ''), char(1618), ''), char(1648), ''),
        replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
            replace(replace(replace(body, 'Ё', 'Е'), 'ё', 'е'), 'آ', 'ا'), 'أ', 'ا'), 'إ', 'ا'), 'ـ', ''),
            char(1611), ''), char(1612), ''), char(1613), ''), char(1614), ''), char(1615), ''),
            char(1616), ''), char(1617), ''), char(1618), ''), char(1648), ''),
        replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
            replace(replace(replace(place, 'Ё', 'Е'), 'ё', 'е'), 'آ', 'ا'), 'أ', 'ا'), 'إ', 'ا'), 'ـ', ''),
            char(1611), ''), char(1612), ''), char(1613), ''), char(1614), ''), char(1615), ''),
            char(1616), ''), char(1617), ''), char(1618), ''), char(1648), ''),
        replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
            replace(replace(replace(byline, 'Ё', 'Е'), 'ё', 'е'), 'آ', 'ا'), 'أ', 'ا'), 'إ', 'ا'), 'ـ', ''),
            char(1611), ''), char(1612), ''), char(1613), ''), char(1614), ''), char(1615), ''),
            char(1616), ''), char(1617), ''), char(1618), ''), char(1648), '')
    FROM articles
    WHERE status <> 'canceled';

-- A text is cut into parts of 256 letters first: substr() walks from the start of its text each time.
CREATE VIEW articles_searched (id, headline, deck, body, place, byline) AS
    SELECT
        id,
        CASE WHEN headline NOT GLOB '*[Ёёآ-ْٰก-៿々-ﾟ𠀀-𳍏]*' THEN headline WHEN headline GLOB '*[ก-៿々-ﾟ𠀀-𳍏]*' THEN (
            WITH RECURSIVE
                parts (number, part, rest) AS (
                    SELECT 0, '', folded_headline
                    UNION ALL
                    SELECT number + 1, substr(rest, 1, 257), substr(rest, 257) FROM parts WHERE rest <> ''
                ),
                places (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM places WHERE at < 256),
                pairs (pair) AS (
                    SELECT substr(part, at, 2) FROM parts CROSS JOIN places
                    WHERE at <= length(part) ORDER BY number, at
                )
            SELECT group_concat(CASE
                WHEN pair GLOB '[ก-๛ກ-ໟက-႟ក-៿々〇ぁ-ゟァ-ヺー-ヿㇰ-ㇿ㐀-䶿一-鿿가-힣豈-﫿ｦ-ﾟ𠀀-𳍏][ก-๛ກ-ໟက-႟ក-៿々〇ぁ-ゟァ-ヺー-ヿㇰ-ㇿ㐀-䶿一-鿿가-힣豈-﫿ｦ-ﾟ𠀀-𳍏]'
                    THEN ' ' || pair
                WHEN pair GLOB '[ก-๛ກ-ໟက-႟ក-៿々〇ぁ-ゟァ-ヺー-ヿㇰ-ㇿ㐀-䶿一-鿿가-힣豈-﫿ｦ-ﾟ𠀀-𳍏]*'
                    THEN ' ' || substr(pair, 1, 1) || ' '
                ELSE substr(pair, 1, 1)
            END, '') FROM pairs
        ) ELSE folded_headline END,
        CASE WHEN deck NOT GLOB '*[Ёёآ-ْٰก-៿々-ﾟ𠀀-𳍏]*' THEN deck WHEN deck GLOB '*[ก-៿々-ﾟ𠀀-𳍏]*' THEN (
            WITH RECURSIVE
                parts (number, part, rest) AS (
                    SELECT 0, '', folded_deck
                    UNION ALL
                    SELECT number + 1, substr(rest, 1, 257), substr(rest, 257) FROM parts WHERE rest <> ''
                ),
                places (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM places WHERE at < 256),
                pairs (pair) AS (
                    SELECT substr(part, at, 2) FROM parts CROSS JOIN places
                    WHERE at <= length(part) ORDER BY number, at
                )
            SELECT group_concat(CASE
                WHEN pair GLOB '[ก-๛ກ-ໟက-႟ក-៿々〇ぁ-ゟァ-ヺー-ヿㇰ-ㇿ㐀-䶿一-鿿가-힣豈-﫿ｦ-ﾟ𠀀-𳍏][ก-๛ກ-ໟက-႟ក-៿々〇ぁ-ゟァ-ヺー-ヿㇰ-ㇿ㐀-䶿一-鿿가-힣豈-﫿ｦ-ﾟ𠀀-𳍏]'
                    THEN ' ' || pair
                WHEN pair GLOB '[ก-๛ກ-ໟက-႟ក-៿々〇ぁ-ゟァ-ヺー-ヿㇰ-ㇿ㐀-䶿一-鿿가-힣豈-﫿ｦ-ﾟ𠀀-𳍏]*'
                    THEN ' ' || substr(pair, 1, 1) || ' '
                ELSE substr(pair, 1, 1)
            END, '') FROM pairs
        ) ELSE folded_deck END,
        CASE WHEN body NOT GLOB '*[Ёёآ-ْٰก-៿々-ﾟ𠀀-𳍏]*' THEN body WHEN body GLOB '*[ก-៿々-ﾟ𠀀-𳍏]*' THEN (
            WITH RECURSIVE
                parts (number, part, rest) AS (
                    SELECT 0, '', folded_body
                    UNION ALL
                    SELECT number + 1, substr(rest, 1, 257), substr(rest, 257) FROM parts WHERE rest <> ''
                ),
                places (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM places WHERE at < 256),
                pairs (pair) AS (
                    SELECT substr(part, at, 2) FROM parts CROSS JOIN places
                    WHERE at <= length(part) ORDER BY number, at
                )
            SELECT group_concat(CASE
                WHEN pair GLOB '[ก-๛ກ-ໟက-႟ក-៿々〇ぁ-ゟァ-ヺー-ヿㇰ-ㇿ㐀-䶿一-鿿가-힣豈-﫿ｦ-ﾟ𠀀-𳍏][ก-๛ກ-ໟက-႟ក-៿々〇ぁ-ゟァ-ヺー-ヿㇰ-ㇿ㐀-䶿一-鿿가-힣豈-﫿ｦ-ﾟ𠀀-𳍏]'
                    THEN ' ' || pair
                WHEN pair GLOB '[ก-๛ກ-ໟက-႟ក-៿々〇ぁ-ゟァ-ヺー-ヿㇰ-ㇿ㐀-䶿一-鿿가-힣豈-﫿ｦ-ﾟ𠀀-𳍏]*'
                    THEN ' ' || substr(pair, 1, 1) || ' '
                ELSE substr(pair, 1, 1)
            END, '') FROM pairs
        ) ELSE folded_body END,
        CASE WHEN place NOT GLOB '*[Ёёآ-ْٰก-៿々-ﾟ𠀀-𳍏]*' THEN place WHEN place GLOB '*[ก-៿々-ﾟ𠀀-𳍏]*' THEN (
            WITH RECURSIVE
                parts (number, part, rest) AS (
                    SELECT 0, '', folded_place
                    UNION ALL
                    SELECT number + 1, substr(rest, 1, 257), substr(rest, 257) FROM parts WHERE rest <> ''
                ),
                places (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM places WHERE at < 256),
                pairs (pair) AS (
                    SELECT substr(part, at, 2) FROM parts CROSS JOIN places
                    WHERE at <= length(part) ORDER BY number, at
                )
            SELECT group_concat(CASE
                WHEN pair GLOB '[ก-๛ກ-ໟက-႟ក-៿々〇ぁ-ゟァ-ヺー-ヿㇰ-ㇿ㐀-䶿一-鿿가-힣豈-﫿ｦ-ﾟ𠀀-𳍏][ก-๛ກ-ໟက-႟ក-៿々〇ぁ-ゟァ-ヺー-ヿㇰ-ㇿ㐀-䶿一-鿿가-힣豈-﫿ｦ-ﾟ𠀀-𳍏]'
                    THEN ' ' || pair
                WHEN pair GLOB '[ก-๛ກ-ໟက-႟ក-៿々〇ぁ-ゟァ-ヺー-ヿㇰ-ㇿ㐀-䶿一-鿿가-힣豈-﫿ｦ-ﾟ𠀀-𳍏]*'
                    THEN ' ' || substr(pair, 1, 1) || ' '
                ELSE substr(pair, 1, 1)
            END, '') FROM pairs
        ) ELSE folded_place END,
        CASE WHEN byline NOT GLOB '*[Ёёآ-ْٰก-៿々-ﾟ𠀀-𳍏]*' THEN byline WHEN byline GLOB '*[ก-៿々-ﾟ𠀀-𳍏]*' THEN (
            WITH RECURSIVE
                parts (number, part, rest) AS (
                    SELECT 0, '', folded_byline
                    UNION ALL
                    SELECT number + 1, substr(rest, 1, 257), substr(rest, 257) FROM parts WHERE rest <> ''
                ),
                places (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM places WHERE at < 256),
                pairs (pair) AS (
                    SELECT substr(part, at, 2) FROM parts CROSS JOIN places
                    WHERE at <= length(part) ORDER BY number, at
                )
            SELECT group_concat(CASE
                WHEN pair GLOB '[ก-๛ກ-ໟက-႟ក-៿々〇ぁ-ゟァ-ヺー-ヿㇰ-ㇿ㐀-䶿一-鿿가-힣豈-﫿ｦ-ﾟ𠀀-𳍏][ก-๛ກ-ໟက-႟ក-៿々〇ぁ-ゟァ-ヺー-ヿㇰ-ㇿ㐀-䶿一-鿿가-힣豈-﫿ｦ-ﾟ𠀀-𳍏]'
                    THEN ' ' || pair
                WHEN pair GLOB '[ก-๛ກ-ໟက-႟ក-៿々〇ぁ-ゟァ-ヺー-ヿㇰ-ㇿ㐀-䶿一-鿿가-힣豈-﫿ｦ-ﾟ𠀀-𳍏]*'
                    THEN ' ' || substr(pair, 1, 1) || ' '
                ELSE substr(pair, 1, 1)
            END, '') FROM pairs
        ) ELSE folded_byline END
    FROM articles_folded;

-- The comment inside names the searched table where sqlite-utils and Datasette look for it.
CREATE VIRTUAL TABLE articles_fts USING fts5 ( /* content="articles" */
    headline, deck, body, place, byline,
    content = 'articles_searched',
    content_rowid = 'id',
    tokenize = "unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'"
);

CREATE TRIGGER articles_fts_insert AFTER INSERT ON articles BEGIN
    INSERT INTO articles_fts (rowid, headline, deck, body, place, byline)
    SELECT id, headline, deck, body, place, byline FROM articles_searched WHERE id = new.id;
END;

CREATE TRIGGER articles_fts_delete BEFORE DELETE ON articles BEGIN
    INSERT INTO articles_fts (articles_fts, rowid, headline, deck, body, place, byline)
    SELECT 'delete', id, headline, deck, body, place, byline FROM articles_searched WHERE id = old.id;
END;

-- The old text is taken out before the row changes: afterwards the view shows the new one.
CREATE TRIGGER articles_fts_before BEFORE UPDATE OF headline, deck, body, place, byline, status ON articles
WHEN (old.headline, old.deck, old.body, old.place, old.byline, old.status)
    IS NOT (new.headline, new.deck, new.body, new.place, new.byline, new.status)
BEGIN
    INSERT INTO articles_fts (articles_fts, rowid, headline, deck, body, place, byline)
    SELECT 'delete', id, headline, deck, body, place, byline FROM articles_searched WHERE id = old.id;
END;

CREATE TRIGGER articles_fts_after AFTER UPDATE OF headline, deck, body, place, byline, status ON articles
WHEN (old.headline, old.deck, old.body, old.place, old.byline, old.status)
    IS NOT (new.headline, new.deck, new.body, new.place, new.byline, new.status)
BEGIN
    INSERT INTO articles_fts (rowid, headline, deck, body, place, byline)
    SELECT id, headline, deck, body, place, byline FROM articles_searched WHERE id = new.id;
END;

-- Superseded texts, newest articles last: an id is article × 10,000 + version number. A version is in it
-- when a later one exists. Place and byline belong to articles; here they are columns without a text, so that
-- one question can be asked of both indexes.
CREATE VIEW versions_folded (
    article_id, number, headline, deck, body, folded_headline, folded_deck, folded_body
) AS
    SELECT
        article_id, number, headline, deck, body,
        replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
            replace(replace(replace(headline, 'Ё', 'Е'), 'ё', 'е'), 'آ', 'ا'), 'أ', 'ا'), 'إ', 'ا'), 'ـ', ''),
            char(1611), ''), char(1612), ''), char(1613), ''), char(1614), ''), char(1615), ''),
            char(1616), ''), char(1617), ''), char(1618), ''), char(1648), ''),
        replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
            replace(replace(replace(deck, 'Ё', 'Е'), 'ё', 'е'), 'آ', 'ا'), 'أ', 'ا'), 'إ', 'ا'), 'ـ', ''),
            char(1611), ''), char(1612), ''), char(1613), ''), char(1614), ''), char(1615), ''),
            char(1616), ''), char(1617), ''), char(1618), ''), char(1648), ''),
        replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
            replace(replace(replace(body, 'Ё', 'Е'), 'ё', 'е'), 'آ', 'ا'), 'أ', 'ا'), 'إ', 'ا'), 'ـ', ''),
            char(1611), ''), char(1612), ''), char(1613), ''), char(1614), ''), char(1615), ''),
            char(1616), ''), char(1617), ''), char(1618), ''), char(1648), '')
    FROM versions AS v
    WHERE
        number < 10000
        AND EXISTS (SELECT 1 FROM versions WHERE article_id = v.article_id AND number = v.number + 1);

CREATE VIEW versions_searched (id, article_id, number, headline, deck, body, place, byline) AS
    SELECT
        article_id * 10000 + number,
        article_id,
        number,
        CASE WHEN headline NOT GLOB '*[Ёёآ-ْٰก-៿々-ﾟ𠀀-𳍏]*' THEN headline WHEN headline GLOB '*[ก-៿々-ﾟ𠀀-𳍏]*' THEN (
            WITH RECURSIVE
                parts (number, part, rest) AS (
                    SELECT 0, '', folded_headline
                    UNION ALL
                    SELECT number + 1, substr(rest, 1, 257), substr(rest, 257) FROM parts WHERE rest <> ''
                ),
                places (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM places WHERE at < 256),
                pairs (pair) AS (
                    SELECT substr(part, at, 2) FROM parts CROSS JOIN places
                    WHERE at <= length(part) ORDER BY number, at
                )
            SELECT group_concat(CASE
                WHEN pair GLOB '[ก-๛ກ-ໟက-႟ក-៿々〇ぁ-ゟァ-ヺー-ヿㇰ-ㇿ㐀-䶿一-鿿가-힣豈-﫿ｦ-ﾟ𠀀-𳍏][ก-๛ກ-ໟက-႟ក-៿々〇ぁ-ゟァ-ヺー-ヿㇰ-ㇿ㐀-䶿一-鿿가-힣豈-﫿ｦ-ﾟ𠀀-𳍏]'
                    THEN ' ' || pair
                WHEN pair GLOB '[ก-๛ກ-ໟက-႟ក-៿々〇ぁ-ゟァ-ヺー-ヿㇰ-ㇿ㐀-䶿一-鿿가-힣豈-﫿ｦ-ﾟ𠀀-𳍏]*'
                    THEN ' ' || substr(pair, 1, 1) || ' '
                ELSE substr(pair, 1, 1)
            END, '') FROM pairs
        ) ELSE folded_headline END,
        CASE WHEN deck NOT GLOB '*[Ёёآ-ْٰก-៿々-ﾟ𠀀-𳍏]*' THEN deck WHEN deck GLOB '*[ก-៿々-ﾟ𠀀-𳍏]*' THEN (
            WITH RECURSIVE
                parts (number, part, rest) AS (
                    SELECT 0, '', folded_deck
                    UNION ALL
                    SELECT number + 1, substr(rest, 1, 257), substr(rest, 257) FROM parts WHERE rest <> ''
                ),
                places (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM places WHERE at < 256),
                pairs (pair) AS (
                    SELECT substr(part, at, 2) FROM parts CROSS JOIN places
                    WHERE at <= length(part) ORDER BY number, at
                )
            SELECT group_concat(CASE
                WHEN pair GLOB '[ก-๛ກ-ໟက-႟ក-៿々〇ぁ-ゟァ-ヺー-ヿㇰ-ㇿ㐀-䶿一-鿿가-힣豈-﫿ｦ-ﾟ𠀀-𳍏][ก-๛ກ-ໟက-႟ក-៿々〇ぁ-ゟァ-ヺー-ヿㇰ-ㇿ㐀-䶿一-鿿가-힣豈-﫿ｦ-ﾟ𠀀-𳍏]'
                    THEN ' ' || pair
                WHEN pair GLOB '[ก-๛ກ-ໟက-႟ក-៿々〇ぁ-ゟァ-ヺー-ヿㇰ-ㇿ㐀-䶿一-鿿가-힣豈-﫿ｦ-ﾟ𠀀-𳍏]*'
                    THEN ' ' || substr(pair, 1, 1) || ' '
                ELSE substr(pair, 1, 1)
            END, '') FROM pairs
        ) ELSE folded_deck END,
        CASE WHEN body NOT GLOB '*[Ёёآ-ْٰก-៿々-ﾟ𠀀-𳍏]*' THEN body WHEN body GLOB '*[ก-៿々-ﾟ𠀀-𳍏]*' THEN (
            WITH RECURSIVE
                parts (number, part, rest) AS (
                    SELECT 0, '', folded_body
                    UNION ALL
                    SELECT number + 1, substr(rest, 1, 257), substr(rest, 257) FROM parts WHERE rest <> ''
                ),
                places (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM places WHERE at < 256),
                pairs (pair) AS (
                    SELECT substr(part, at, 2) FROM parts CROSS JOIN places
                    WHERE at <= length(part) ORDER BY number, at
                )
            SELECT group_concat(CASE
                WHEN pair GLOB '[ก-๛ກ-ໟက-႟ក-៿々〇ぁ-ゟァ-ヺー-ヿㇰ-ㇿ㐀-䶿一-鿿가-힣豈-﫿ｦ-ﾟ𠀀-𳍏][ก-๛ກ-ໟက-႟ក-៿々〇ぁ-ゟァ-ヺー-ヿㇰ-ㇿ㐀-䶿一-鿿가-힣豈-﫿ｦ-ﾟ𠀀-𳍏]'
                    THEN ' ' || pair
                WHEN pair GLOB '[ก-๛ກ-ໟက-႟ក-៿々〇ぁ-ゟァ-ヺー-ヿㇰ-ㇿ㐀-䶿一-鿿가-힣豈-﫿ｦ-ﾟ𠀀-𳍏]*'
                    THEN ' ' || substr(pair, 1, 1) || ' '
                ELSE substr(pair, 1, 1)
            END, '') FROM pairs
        ) ELSE folded_body END,
        NULL,
        NULL
    FROM versions_folded;

CREATE VIRTUAL TABLE versions_fts USING fts5 (
    headline, deck, body, place, byline,
    content = 'versions_searched',
    content_rowid = 'id',
    tokenize = "unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'"
);

CREATE TRIGGER versions_fts_insert AFTER INSERT ON versions WHEN new.number > 1 BEGIN
    INSERT INTO versions_fts (rowid, headline, deck, body)
    SELECT id, headline, deck, body FROM versions_searched
    WHERE article_id = new.article_id AND number = new.number - 1;
END;

CREATE TRIGGER versions_fts_before BEFORE UPDATE OF headline, deck, body ON versions BEGIN
    INSERT INTO versions_fts (versions_fts, rowid, headline, deck, body)
    SELECT 'delete', id, headline, deck, body FROM versions_searched
    WHERE article_id = old.article_id AND number = old.number;
END;

CREATE TRIGGER versions_fts_after AFTER UPDATE OF headline, deck, body ON versions BEGIN
    INSERT INTO versions_fts (rowid, headline, deck, body)
    SELECT id, headline, deck, body FROM versions_searched
    WHERE article_id = new.article_id AND number = new.number;
END;

-- With an article go its versions; their texts are taken out while all of them still stand.
CREATE TRIGGER versions_fts_delete BEFORE DELETE ON articles BEGIN
    INSERT INTO versions_fts (versions_fts, rowid, headline, deck, body)
    SELECT 'delete', id, headline, deck, body FROM versions_searched WHERE article_id = old.id;
END;

INSERT INTO articles_fts (articles_fts) VALUES ('rebuild');
INSERT INTO versions_fts (versions_fts) VALUES ('rebuild');

-- How many corrections and kills there were, without reading every text.
CREATE INDEX versions_corrections ON versions (relation) WHERE relation IN ('correction', 'kill');
