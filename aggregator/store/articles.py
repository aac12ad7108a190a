"""Articles and their versions in SQLite. Each function runs inside its caller's transaction."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import zstandard

from aggregator.fingerprint import body_hash, text_hash
from aggregator.model import Known, Relation, Status, TextBasis
from aggregator.shares import rows_of, share
from aggregator.store.rows import EMPTIED_ENTRY, stamp
from aggregator.store.stories import record_join, refresh_story
from aggregator.store.unposted import post_all
from aggregator.text import count_words, word_changes
from aggregator.urls import canonical

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    from aggregator.model import Article, Match, Response

#: Ids a second has room for before the next second's are used.
_IDS_A_SECOND = 1_000
_PAGE_LEVEL = 3  # of zstd; higher ones cost more than they save on pages


def known_article(conn: sqlite3.Connection, article_id: int | None, url: str | None) -> Known | None:
    """The article that an entry has, or else the one with the same canonical URL; None for a new one."""
    row = conn.execute(
        """
        SELECT a.id, a.story_id, a.status, v.number, v.text_hash, v.text_basis, v.relation,
               v.headline, v.deck, v.body
        FROM articles AS a JOIN versions AS v ON v.article_id = a.id AND v.number = a.versions
        WHERE a.id = coalesce(:id, (SELECT id FROM articles WHERE canonical_url = :url))
        """,
        {"id": article_id, "url": canonical(url)},
    ).fetchone()
    if row is None:
        return None
    return Known(
        row[0], row[1], Status(row[2]), row[3], row[4], TextBasis(row[5]), Relation(row[6]), *row[7:]
    )


def insert_article(
    conn: sqlite3.Connection,
    article: Article,
    match: Match | None,
    now: datetime,
    *,
    entry_id: int | None = None,
) -> int:
    """Stores a new article with its first version, in the story it matches or in one of its own.

    Args:
        conn: the connection.
        article: as it was read.
        match: the story, and why; None for one of its own.
        now: when it was seen.
        entry_id: of the entry it was read by.

    Returns:
        The article's id.
    """
    article_id = _free_id(conn, min(article.published_at or now, now))
    row = article_row(article)
    row |= {
        "id": article_id,
        "story_id": match.story_id if match else article_id,
        "relation": match.relation if match else article.relation,
        "now": stamp(now),
        "number": 1,
        "entry": entry_id,
        "added": row["word_count"] + count_words(article.headline) + count_words(article.deck),
        "removed": 0,
    }
    if match is None:
        conn.execute(_INSERT_STORY, row)
    conn.execute(_INSERT_ARTICLE, row)
    _insert_version(conn, article, row)
    if match:
        record_join(conn, article_id, match, now, _verbatim(conn, article, match))
        refresh_story(conn, match.story_id)
    describe(conn, article_id, 1, article)
    return article_id


def _verbatim(conn: sqlite3.Connection, article: Article, match: Match) -> float | None:
    """How much of the article stands word for word in the newest text of the one it is joined to."""
    row = conn.execute("SELECT body FROM articles WHERE id = ?", (match.other_article_id,)).fetchone()
    found = share(rows_of(row[0]), rows_of(article.body)) if row else None
    return round(found.own, 3) if found else None


def add_version(
    conn: sqlite3.Connection,
    known: Known,
    article: Article,
    relation: Relation,
    now: datetime,
    *,
    entry_id: int | None = None,
) -> None:
    """Appends the article's new text as its next version; the article shows it from now on."""
    added, removed = word_changes(_text(known), _text(article))
    row = article_row(article) | {
        "id": known.article_id,
        "relation": relation,
        "now": stamp(now),
        "number": known.number + 1,
        "entry": entry_id,
        "added": added,
        "removed": removed,
    }
    conn.execute(_UPDATE_ARTICLE, row)
    _insert_version(conn, article, row)
    describe(conn, known.article_id, known.number + 1, article)
    refresh_story(conn, known.story_id)


def cancel_article(conn: sqlite3.Connection, known: Known, mark: str | None, now: datetime) -> None:
    """Honours a kill: no text of the article is left in any table, only its tombstone."""
    row = {"id": known.article_id, "mark": mark, "number": known.number + 1, "now": stamp(now)}
    for statement in _CANCEL:
        conn.execute(statement, row)
    post_all(conn)  # a row put aside tells the words of a headline in their order
    refresh_story(conn, known.story_id)


def is_kept(conn: sqlite3.Connection, article_id: int) -> bool:
    """Whether the article's text may be kept: it is not killed."""
    row = conn.execute("SELECT status FROM articles WHERE id = ?", (article_id,)).fetchone()
    return row is not None and row[0] != Status.CANCELED


def set_hold(conn: sqlite3.Connection, article_id: int, article: Article) -> None:
    """Notes whether a reading of the same text is held back, or no longer."""
    conn.execute(
        """
        UPDATE articles SET status = :status, embargo_until = :embargo
        WHERE id = :id AND status <> 'canceled' AND (status, embargo_until) IS NOT (:status, :embargo)
        """,
        {"id": article_id, "status": article.status, "embargo": stamp(article.embargo_until)},
    )


def note_gone(conn: sqlite3.Connection, article_id: int, now: datetime | None) -> None:
    """Notes since when an article's page is gone, or with None that it is there; its text stays."""
    conn.execute(
        """
        UPDATE articles SET gone_at = iif(:now IS NULL, NULL, coalesce(gone_at, :now))
        WHERE id = :id AND (text_basis = 'page' OR :now IS NULL) AND (gone_at IS NULL) = (:now IS NOT NULL)
        """,
        {"id": article_id, "now": stamp(now)},
    )


def keep_page(conn: sqlite3.Connection, article_id: int, page: Response) -> None:
    """Keeps the raw response that an article's newest version was read from, compressed with zstd."""
    conn.execute(
        """
        INSERT INTO pages (article_id, version, fetched_at, url, status, headers, body)
        SELECT id, versions, :at, :url, :status, :headers, :body FROM articles WHERE id = :article
        """,
        {
            "article": article_id,
            "at": stamp(page.fetched_at),
            "url": page.url,
            "status": page.status,
            "headers": json.dumps(page.headers, ensure_ascii=False),
            "body": packed_page(page.body),
        },
    )


def packed_page(body: bytes) -> bytes:
    """A page's body as it is kept."""
    return zstandard.compress(body, _PAGE_LEVEL)


def _free_id(conn: sqlite3.Connection, when: datetime) -> int:
    """The next free time-ordered id for that second, see the schema."""
    base = max(int(when.timestamp()), 1) * _IDS_A_SECOND
    while True:
        last = conn.execute(
            "SELECT max(id) FROM articles WHERE id BETWEEN :base AND :base + :room - 1",
            {"base": base, "room": _IDS_A_SECOND},
        ).fetchone()[0]
        if last is None:
            return base
        if last < base + _IDS_A_SECOND - 1:
            return int(last) + 1
        base += _IDS_A_SECOND


def article_row(article: Article) -> dict[str, Any]:
    """The columns of ``articles`` that a reading gives."""
    dateline = article.dateline
    return {
        "url": article.url,
        "canonical_url": canonical(article.url),
        "outlet": article.outlet,
        "agency": article.agency,
        "section": article.section,
        "headline": article.headline,
        "deck": article.deck,
        "byline": article.byline,
        "dateline": dateline.raw if dateline else None,
        "place": dateline.place if dateline else None,
        "dateline_date": dateline.date.isoformat() if dateline and dateline.date else None,
        "language": article.language,
        "published_at": stamp(article.published_at),
        "updated_at": stamp(article.updated_at),
        "status": article.status,
        "mark": article.mark,
        "word_count": count_words(article.body),
        "body": article.body or None,
        "credit": article.credit,
        "image_url": article.image_url,
        "image_caption": article.image_caption,
        "image_credit": article.image_credit,
        "confidence": article.confidence,
        "paywalled": int(article.paywalled),
        "text_basis": article.text_basis,
        "extractor": article.extractor,
        "slug": article.slug,
        "item_id": article.item_id,
        "urgency": article.urgency,
        "embargo_until": stamp(article.embargo_until),
    }


_INSERT_STORY = """
INSERT INTO stories (
    id, headline, agency, first_article_id, first_published_at, first_seen_at, last_seen_at, articles, outlets
) VALUES (
    :story_id, iif(:status = 'usable', :headline, NULL), :agency, :id,
    :published_at, :now, :now, 1, iif(:outlet IS NULL, 0, 1)
)
"""
#: FAIL, for nothing precedes what may fail: with a trigger SQLite else copies each page before it changes it.
_INSERT_ARTICLE = """
INSERT OR FAIL INTO articles (
    id, story_id, relation, url, canonical_url, outlet, agency, section, headline, deck, byline,
    dateline, place, dateline_date, language, published_at, updated_at, first_seen_at, status, mark,
    word_count, body, credit, image_url, image_caption, image_credit, text_basis, extractor, confidence,
    paywalled, slug, item_id, urgency, embargo_until
) VALUES (
    :id, :story_id, :relation, :url, :canonical_url, :outlet, :agency, :section, :headline, :deck, :byline,
    :dateline, :place, :dateline_date, :language, :published_at, :updated_at, :now, :status, :mark,
    :word_count, :body, :credit, :image_url, :image_caption, :image_credit, :text_basis, :extractor,
    :confidence, :paywalled, :slug, :item_id, :urgency, :embargo_until
)
"""
#: A later reading that does not know something leaves what an earlier one knew.
_UPDATE_ARTICLE = """
UPDATE articles SET
    relation = :relation, headline = :headline, deck = :deck, body = :body, word_count = :word_count,
    mark = :mark, status = :status, versions = :number, text_basis = :text_basis, extractor = :extractor,
    updated_at = :updated_at, credit = coalesce(:credit, credit), byline = coalesce(:byline, byline),
    dateline = coalesce(:dateline, dateline), place = coalesce(:place, place),
    dateline_date = coalesce(:dateline_date, dateline_date), agency = coalesce(:agency, agency),
    section = coalesce(:section, section), language = coalesce(:language, language),
    published_at = coalesce(published_at, :published_at), image_url = coalesce(:image_url, image_url),
    image_caption = coalesce(:image_caption, image_caption),
    image_credit = coalesce(:image_credit, image_credit), confidence = :confidence, paywalled = :paywalled,
    slug = coalesce(:slug, slug), item_id = coalesce(:item_id, item_id),
    urgency = coalesce(:urgency, urgency), embargo_until = :embargo_until
WHERE id = :id
"""
_INSERT_VERSION = """
INSERT INTO versions (
    article_id, number, seen_at, relation, mark, headline, deck, body, text_basis, extractor,
    text_hash, body_hash, words_added, words_removed, entry_id
) VALUES (
    :id, :number, :now, :relation, :mark, :headline, :deck, :body, :text_basis, :extractor,
    :text_hash, :body_hash, :added, :removed, :entry
)
"""
_EMPTY_ENTRIES = f"""
{EMPTIED_ENTRY}
WHERE article_id = :id AND EXISTS (SELECT 1 FROM articles WHERE id = :id AND relation = 'kill')
"""  # noqa: S608 (our own words)
_CANCEL = (
    """
    UPDATE articles SET
        status = 'canceled', relation = 'kill', mark = :mark, versions = :number, word_count = 0,
        headline = NULL, deck = NULL, byline = NULL, dateline = NULL, place = NULL, dateline_date = NULL,
        body = NULL, credit = NULL, image_url = NULL, image_caption = NULL, image_credit = NULL,
        embargo_until = NULL, updated_at = :now
    WHERE id = :id
    """,
    "UPDATE versions SET headline = NULL, deck = NULL, body = NULL, body_hash = NULL WHERE article_id = :id",
    """
    INSERT INTO versions (article_id, number, seen_at, relation, mark, text_basis, text_hash)
    VALUES (:id, :number, :now, 'kill', :mark, 'title', x'')
    """,
    "DELETE FROM readings WHERE article_id = :id",
    "DELETE FROM echoes WHERE article_id = :id",
    "DELETE FROM sketches WHERE article_id = :id",
    "DELETE FROM quotes WHERE article_id = :id",
    "DELETE FROM article_tags WHERE article_id = :id",
    "DELETE FROM tags WHERE NOT EXISTS (SELECT 1 FROM article_tags WHERE tag_id = tags.id)",
    "DELETE FROM pages WHERE article_id = :id",
    _EMPTY_ENTRIES,
)


def _text(shown: Article | Known) -> str:
    return "\n".join(part or "" for part in (shown.headline, shown.deck, shown.body))


def _insert_version(conn: sqlite3.Connection, article: Article, row: dict[str, object]) -> None:
    """Stores a version of an article with the values of its article's row."""
    hashes = {"text_hash": text_hash(article), "body_hash": body_hash(article)}
    conn.execute(_INSERT_VERSION, row | hashes)


def version_row(article: Article) -> dict[str, object]:
    """The columns of ``versions`` that a reading gives."""
    return {
        "mark": article.mark,
        "headline": article.headline,
        "deck": article.deck,
        "body": article.body or None,
        "text_basis": article.text_basis,
        "extractor": article.extractor,
        "text_hash": text_hash(article),
        "body_hash": body_hash(article),
    }


def describe(conn: sqlite3.Connection, article_id: int, number: int, article: Article) -> None:
    """Stores the version's quotations and the article's keywords."""
    if article.quotes:
        conn.executemany(
            """
            INSERT INTO quotes (article_id, version, paragraph, speaker, cue, rule, text)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            [
                (article_id, number, each.paragraph, each.speaker, each.cue, each.rule, each.text)
                for each in article.quotes
            ],
        )
    if article.tags:
        names = [(name,) for name in article.tags]
        conn.executemany("INSERT INTO tags (name) VALUES (?) ON CONFLICT DO NOTHING", names)
        conn.executemany(
            "INSERT OR IGNORE INTO article_tags SELECT ?, id FROM tags WHERE name = ?",
            [(article_id, name) for name in article.tags],
        )
