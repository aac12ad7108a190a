"""Articles, versions and stories in a real file."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import zstandard
from conftest import BAKERS, FERRY, NOON

from aggregator.identity import Document
from aggregator.model import (
    Article,
    Dateline,
    Entry,
    Feed,
    Quote,
    Relation,
    Response,
    Status,
    TextBasis,
)
from aggregator.parse import sight
from aggregator.store import Store, articles, feeds, stories
from aggregator.store.entries import Changes, Finished, compare_entries, finish_entries, record_entries

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LATER = NOON + timedelta(hours=1)
ARTICLE = Article(
    "https://a.example/1", "Ferry turns back", FERRY, TextBasis.PAGE, "test", outlet="a.example",
    agency="tass", section="Sea", deck="Wind from the north", byline="A. Writer",
    dateline=Dateline("LISBON, March 4. ", "test", place="LISBON", date=date(2026, 3, 4)),
    language="en", published_at=NOON - timedelta(hours=1), mark="URGENT", credit="(Wire) 2026",
    image_url="https://a.example/1.jpg", tags=("sea", "wind"),
    quotes=(Quote("Nobody was hurt", 1, "the harbour master", "said", "test"),),
)  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "wire.db") as opened:
        yield opened


def rows(store: Store, sql: str, *values: object) -> list[tuple[Any, ...]]:
    return store.conn.execute(sql, values).fetchall()


def insert(store: Store, article: Article, now: datetime = NOON) -> int:
    with store.transaction() as conn:
        return articles.insert_article(conn, article, None, now)


# ---------------------------------------------------------------- the search index


def found_by(store: Store, word: str) -> list[int]:
    return [
        each for (each,) in rows(store, "SELECT rowid FROM articles_fts WHERE articles_fts MATCH ?", word)
    ]


def test_what_comes_changes_and_goes_in_one_transaction_is_indexed_as_it_is_at_its_end(store: Store) -> None:
    with store.transaction() as conn:
        ids = [
            articles.insert_article(conn, replace(ARTICLE, url=None, headline=f"Zebra {name}"), None, NOON)
            for name in ("stays", "changes", "goes")
        ]
        conn.execute("UPDATE articles SET headline = 'Quagga' WHERE id = ?", (ids[1],))
        conn.execute("DELETE FROM articles WHERE id = ?", (ids[2],))
    assert (found_by(store, "zebra"), found_by(store, "quagga")) == ([ids[0]], [ids[1]])
    assert rows(store, "SELECT count(*) FROM unindexed") == [(0,)]
    with store.transaction() as conn:  # FTS5 refuses what does not agree with the articles
        conn.execute("INSERT INTO articles_fts (articles_fts, rank) VALUES ('integrity-check', 1)")


# ---------------------------------------------------------------- ids


def test_ids_are_in_the_order_of_publication(store: Store) -> None:
    hours = [3, 1, 2, 5, 4]  # a late arrival gets the id of its time, not of its coming
    for hour in hours:
        insert(
            store,
            replace(ARTICLE, url=f"https://a.example/{hour}", published_at=NOON - timedelta(hours=hour)),
        )
    found = rows(store, "SELECT url FROM articles ORDER BY id")
    assert [url for (url,) in found] == [f"https://a.example/{hour}" for hour in (5, 4, 3, 2, 1)]


def test_an_id_is_never_of_the_future_and_always_positive(store: Store) -> None:
    stamp = int(NOON.timestamp())
    future = insert(store, replace(ARTICLE, url=None, published_at=NOON + timedelta(days=400)))
    undated = insert(store, replace(ARTICLE, url=None, published_at=None))
    assert (future, undated) == (stamp * 1_000, stamp * 1_000 + 1)
    oldest = datetime.fromisoformat("0001-01-01T00:00:00+00:00")
    assert insert(store, replace(ARTICLE, url=None, published_at=oldest)) > 0


def test_more_than_a_thousand_in_one_second_go_on_in_the_next(store: Store) -> None:
    bare = Article(None, "Flash", (), TextBasis.TITLE, "test", published_at=NOON)
    with store.transaction() as conn:
        ids = [articles.insert_article(conn, bare, None, NOON) for _ in range(2_010)]
        late = articles.insert_article(
            conn, replace(bare, published_at=NOON + timedelta(seconds=2)), None, LATER
        )
    first = int(NOON.timestamp()) * 1_000
    assert ids == list(range(first, first + 2_010))
    assert late == first + 2_010
    assert rows(store, "SELECT count(*) FROM stories") == [(2_011,)]


# ---------------------------------------------------------------- what is written


def test_an_article_is_written_with_its_first_version_and_story(store: Store) -> None:
    number = insert(store, ARTICLE)
    [article] = rows(
        store,
        "SELECT story_id, relation, url, canonical_url, outlet, agency, section, headline, deck, byline,"
        " dateline, place, dateline_date, language, published_at, first_seen_at, status, mark, versions,"
        " body, credit, text_basis, extractor FROM articles",
    )
    assert article == (
        number, "original", "https://a.example/1", "https://a.example/1", "a.example", "tass", "Sea",
        "Ferry turns back", "Wind from the north", "A. Writer", "LISBON, March 4. ", "LISBON", "2026-03-04",
        "en", "2026-03-04T11:00:00Z", "2026-03-04T12:00:00Z", "usable", "URGENT", 1, "\n\n".join(FERRY),
        "(Wire) 2026", "page", "test",
    )  # fmt: skip
    words = 3 + 4 + sum(len(each.split()) for each in FERRY)
    assert rows(store, "SELECT article_id, number, relation, words_added, words_removed FROM versions") == [
        (number, 1, "original", words, 0)
    ]
    assert rows(store, "SELECT id, headline, agency, first_article_id, articles, outlets FROM stories") == [
        (number, "Ferry turns back", "tass", number, 1, 1)
    ]
    assert rows(store, "SELECT version, paragraph, speaker, cue, text FROM quotes") == [
        (1, 1, "the harbour master", "said", "Nobody was hurt")
    ]
    assert rows(store, "SELECT name FROM tags ORDER BY name") == [("sea",), ("wind",)]
    assert rows(store, "SELECT rowid FROM articles_fts WHERE articles_fts MATCH 'harbour'") == [(number,)]


def test_a_new_version_leaves_the_old_one_as_it_was(store: Store) -> None:
    number = insert(store, ARTICLE)
    known = articles.known_article(store.conn, number, None)
    assert known is not None
    before = rows(store, "SELECT * FROM versions")
    changed = replace(
        ARTICLE,
        headline="Bakers agree",
        paragraphs=BAKERS,
        mark="UPDATE 1",
        byline=None,
        dateline=None,
        quotes=(),
    )
    with store.transaction() as conn:
        articles.add_version(conn, known, changed, Relation.UPDATE, LATER)
    assert rows(store, "SELECT * FROM versions WHERE number = 1") == before
    assert rows(store, "SELECT relation, versions, headline, mark, body, byline, place FROM articles") == [
        ("update", 2, "Bakers agree", "UPDATE 1", "\n\n".join(BAKERS), "A. Writer", "LISBON")
    ]
    [(added, removed)] = rows(store, "SELECT words_added, words_removed FROM versions WHERE number = 2")
    assert 50 < added <= sum(len(each.split()) for each in BAKERS) + 3
    assert 50 < removed <= sum(len(each.split()) for each in FERRY) + 3
    assert rows(store, "SELECT rowid FROM articles_fts WHERE articles_fts MATCH 'harbour'") == []
    assert rows(store, "SELECT rowid FROM articles_fts WHERE articles_fts MATCH 'bakers'") == [(number,)]
    assert rows(store, "SELECT headline, last_seen_at FROM stories") == [
        ("Bakers agree", "2026-03-04T13:00:00Z")
    ]


def test_an_article_is_known_by_its_id_and_by_any_spelling_of_its_url(store: Store) -> None:
    number = insert(store, ARTICLE)
    for url in ("https://a.example/1", "http://A.example/1?utm_source=rss#top"):
        known = articles.known_article(store.conn, None, url)
        assert known is not None
        assert (known.article_id, known.number, known.body) == (number, 1, "\n\n".join(FERRY))
    assert articles.known_article(store.conn, None, "https://a.example/2") is None
    assert articles.known_article(store.conn, None, None) is None


def test_articles_without_an_address_are_each_their_own(store: Store) -> None:
    first, second = (insert(store, replace(ARTICLE, url=None)) for _ in range(2))
    assert first != second


def test_candidates_carry_the_same_text_and_are_not_too_old(store: Store) -> None:
    first = insert(store, ARTICLE)
    copy = replace(ARTICLE, url="https://b.example/9", outlet="b.example", headline="Back again")
    assert [each.article_id for each in stories.candidates(store.conn, copy, LATER)] == [first]
    assert stories.candidates(store.conn, replace(copy, paragraphs=BAKERS), LATER) == []
    assert stories.candidates(store.conn, replace(copy, paragraphs=()), LATER) == []
    assert stories.candidates(store.conn, copy, NOON + timedelta(days=8)) == []


def test_a_page_is_kept_as_it_came(store: Store) -> None:
    number = insert(store, ARTICLE)
    body = b"<html>\xff\x00" * 1_000
    page = Response("https://a.example/1", 200, (("content-type", "text/html"),), body, NOON, 5)
    with store.transaction() as conn:
        articles.keep_page(conn, number, page)
    [(kept, headers)] = rows(store, "SELECT body, headers FROM pages")
    assert zstandard.decompress(kept) == body
    assert len(kept) < len(body)
    assert "text/html" in headers


# ---------------------------------------------------------------- kills

HIDDEN = "Zanzibarese"  # a word that stands nowhere else
KILLED = replace(
    ARTICLE, headline=f"{HIDDEN} headline", deck=f"{HIDDEN} deck", byline=f"{HIDDEN} byline",
    paragraphs=(f"{HIDDEN} body. " + FERRY[0], *FERRY[1:]), credit=f"{HIDDEN} credit",
    tags=(f"{HIDDEN} tag", "sea"),
    dateline=Dateline(f"{HIDDEN}, March 4. ", "test", place=HIDDEN),
    image_url=f"https://a.example/{HIDDEN}.jpg", image_caption=f"{HIDDEN} caption", image_credit=HIDDEN,
    quotes=(Quote(f"{HIDDEN} quote", 1, HIDDEN, "said", "test"),),
)  # fmt: skip
FEED = Feed(
    "https://a.example/rss", "a", every=timedelta(minutes=10), at_most=timedelta(hours=6), spacing=timedelta()
)


def fill_with_secrets(store: Store) -> int:
    """An article with two versions, a page and an entry, all full of the secret; its id."""
    told = Entry(
        "1", "https://a.example/1", f"{HIDDEN} title", f"{HIDDEN} summary", f"{HIDDEN} content", HIDDEN,
        tags=(HIDDEN,), image_url=f"https://a.example/{HIDDEN}",
    )  # fmt: skip
    number = insert(store, KILLED)
    known = articles.known_article(store.conn, number, None)
    assert known is not None
    page = Response("https://a.example/1", 200, (("x-title", HIDDEN),), HIDDEN.encode(), NOON, 5)
    with store.transaction() as conn:
        [feed_id] = feeds.sync_feeds(conn, [FEED], NOON)
        record_entries(conn, feed_id, Changes(new=(sight(told),)), NOON)
        articles.add_version(conn, known, replace(KILLED, headline=f"{HIDDEN} again"), Relation.UPDATE, NOON)
        articles.keep_page(conn, number, page)
        finish_entries(conn, [Finished(1, number, b"")])
    return number


def kill(store: Store, number: int) -> None:
    known = articles.known_article(store.conn, number, None)
    assert known is not None
    with store.transaction() as conn:
        articles.cancel_article(conn, known, "STORY KILLED", LATER)


def places_of_the_secret(store: Store) -> list[str]:
    """Every table that still says it, in any column."""
    found = []
    for (table,) in rows(store, "SELECT name FROM sqlite_schema WHERE type = 'table'"):
        told = rows(store, f"SELECT * FROM [{table}]")  # noqa: S608 (the schema's own names)
        if HIDDEN.lower() in str(told).lower():
            found.append(table)
    return found


def test_a_kill_leaves_no_text_anywhere(store: Store) -> None:
    number = fill_with_secrets(store)
    assert {"articles", "versions", "entries", "quotes", "pages", "stories"} <= set(
        places_of_the_secret(store)
    )
    kill(store, number)
    assert [place for place in places_of_the_secret(store) if not place.endswith(("_data", "_idx"))] == []
    for index in ("articles_fts", "versions_fts"):
        assert rows(store, f"SELECT rowid FROM {index} WHERE {index} MATCH ?", HIDDEN) == []  # noqa: S608
        store.conn.execute(f"INSERT INTO {index} ({index}) VALUES ('integrity-check')")  # noqa: S608


def test_a_killed_article_leaves_its_tombstone(store: Store) -> None:
    number = fill_with_secrets(store)
    kill(store, number)
    assert rows(store, "SELECT id, url, status, relation, mark, versions, word_count FROM articles") == [
        (number, "https://a.example/1", "canceled", "kill", "STORY KILLED", 3, 0)
    ]
    assert rows(store, "SELECT number, seen_at, relation FROM versions ORDER BY number") == [
        (1, "2026-03-04T12:00:00Z", "original"),
        (2, "2026-03-04T12:00:00Z", "update"),
        (3, "2026-03-04T13:00:00Z", "kill"),
    ]
    assert rows(store, "SELECT headline, articles FROM stories") == [(None, 1)]


def test_the_file_itself_forgets_a_killed_text(store: Store) -> None:
    def bytes_on_disk() -> bytes:
        return b"".join(path.read_bytes() for path in store.path.parent.iterdir())

    number = fill_with_secrets(store)
    assert HIDDEN.encode() in bytes_on_disk()
    kill(store, number)
    store.empty_log()
    assert HIDDEN.encode() not in bytes_on_disk()


def test_the_log_is_left_while_another_reads(store: Store) -> None:
    number = fill_with_secrets(store)
    with Store(store.path) as reader:
        reader.conn.execute("BEGIN")
        rows(reader, "SELECT count(*) FROM articles")
        kill(store, number)
        store.empty_log()
        assert rows(reader, "SELECT status FROM articles") == [("usable",)]
        reader.conn.execute("COMMIT")
    assert rows(store, "PRAGMA busy_timeout") == [(10_000,)]


def test_the_tags_of_other_articles_stay(store: Store) -> None:
    number = fill_with_secrets(store)
    insert(store, replace(ARTICLE, url="https://b.example/1", tags=("sea",)))
    kill(store, number)
    assert rows(store, "SELECT name FROM tags") == [("sea",)]


def test_the_story_of_a_killed_article_is_told_by_the_next(store: Store) -> None:
    first = fill_with_secrets(store)
    copy = replace(ARTICLE, url="https://b.example/1", outlet="b.example")
    with store.transaction() as conn:
        second = articles.insert_article(conn, copy, None, LATER)
        conn.execute("UPDATE articles SET story_id = ? WHERE id = ?", (first, second))
    kill(store, first)
    assert rows(
        store, "SELECT headline, first_article_id, articles, outlets FROM stories WHERE id = ?", first
    ) == [("Ferry turns back", second, 2, 2)]


def test_a_killed_article_is_no_candidate_and_stays_killed(store: Store) -> None:
    number = fill_with_secrets(store)
    kill(store, number)
    copy = replace(KILLED, url="https://b.example/9", outlet="b.example")
    assert stories.candidates(store.conn, copy, LATER) == []
    known = articles.known_article(store.conn, None, "https://a.example/1")
    assert known is not None
    assert (known.status, known.body, known.headline) == (Status.CANCELED, None, None)


def test_a_killed_entry_is_not_filled_again(store: Store) -> None:
    kill(store, fill_with_secrets(store))
    told = Entry("1", "https://a.example/1", f"{HIDDEN} title, changed", f"{HIDDEN} summary, changed")
    [(feed_id,)] = rows(store, "SELECT id FROM feeds")
    changes = compare_entries(store.conn, feed_id, Document([sight(told)], LATER))
    assert (changes.new, changes.changed, changes.told, changes.known) == ((), (), (), (1,))
