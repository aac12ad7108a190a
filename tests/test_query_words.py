"""The query language: what is typed, what is indexed, and that the two meet."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aggregator.query import prefixes
from aggregator.query.words import Words, clean, read_words
from aggregator.searchtext import searchable
from aggregator.store import Store

_SCRIPTS = st.characters(categories=["L", "M", "N", "P", "Zs"])
_MIXED = st.text(st.sampled_from("abc ёЁأإَ東京の洪水々น้ำ한국어ー・ｱ𠀋 .-\"*:'") | _SCRIPTS, max_size=40)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> sqlite3.Connection:
    """A database with the schema and one article, whose text a test sets."""
    store = Store(tmp_path_factory.mktemp("words") / "wire.db")
    with store.transaction() as conn:
        conn.execute("INSERT INTO stories VALUES (1, NULL, NULL, 1, NULL, '', '', 1, 1)")
        conn.execute(
            "INSERT INTO articles (id, story_id, relation, first_seen_at, text_basis, extractor)"
            " VALUES (1, 1, 'original', '', 'page', 'x')"
        )
    return store.conn


def found(index: sqlite3.Connection, text: str, words: str) -> bool:
    index.execute("UPDATE articles SET body = ?", (text,))
    match = read_words(words).match
    sql = "SELECT 1 FROM articles_fts WHERE articles_fts MATCH ?"
    return match is not None and index.execute(sql, (match,)).fetchone() is not None


@pytest.mark.parametrize(
    ("typed", "match"),
    [
        ("storm harbour", '("storm") AND ("harbour")'),
        ('"storm warning"', '("storm warning")'),
        ("harb*", '("harb" *)'),
        ("storm -ferry", '(("storm")) NOT ("ferry")'),
        ("storm OR gale harbour", '("storm" OR "gale") AND ("harbour")'),
        ("headline:storm place:oslo", '(headline : "storm") AND (place : "oslo")'),
        ('-body:"low tide" storm', '(("storm")) NOT (body : "low tide")'),
        ("storm - harbour", '("storm") AND ("harbour")'),
        ("OR storm OR", '("storm")'),
        ('"never closed', '("never closed")'),
        ("“curly quotes”", '("curly quotes")'),
        ("headline:", '("headline:")'),
        ("http://a.example/b?c=d", '("http://a.example/b?c=d")'),
        ("東京都", '("東京 京都")'),
        ("水", '("水" *)'),
        ("storm ـ -ــ", '("storm")'),
    ],
)
def test_what_is_typed_becomes_fts5(typed: str, match: str) -> None:
    assert read_words(typed) == Words(match)


def test_only_unwanted_words() -> None:
    assert read_words("-storm -gale") == Words(without='"storm" OR "gale"')


@pytest.mark.parametrize("typed", ["!!!", "*", "-", "-!!!", '""', "\N{COMBINING ACUTE ACCENT}", "ـ", '"ـ."'])
def test_signs_alone_find_nothing(typed: str) -> None:
    assert read_words(typed).nothing or read_words(typed) == Words()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Der Regen über Zürich", "uber zurich"),
        ("今日は東京の洪水です", "洪水"),
        ("今日は東京の洪水です", "東京の洪水"),
        ("今日は東京の洪水です", "洪"),
        ("今日は東京の洪水", "水"),
        ("新型iPhone発売へ", "iPhone発売"),
        ("เกิดน้ำท่วมในกรุงเทพ", "น้ำท่วม"),
        ("대통령이 서울에서", "대통령"),
        ("대통령이 서울에서", "서울"),
        ("हिन्दी समाचार", "हिन्दी"),
        ("Поезд прибыл, ещё один", "еще поезд*"),
        ("قال أحمد أيضاً", "احمد ايضا"),
        ("The U.S. dollar", "U.S."),
        ("harbour", "HARB*"),
    ],
)
def test_words_of_many_scripts_are_found(index: sqlite3.Connection, text: str, words: str) -> None:
    assert found(index, text, words)


@pytest.mark.parametrize(
    ("text", "words"), [("東京、大阪", "東京大阪"), ("हिन्दी", "हिन"), ("storm", "stor"), ("대통령", "통대")]
)
def test_what_is_not_there_is_not_found(index: sqlite3.Connection, text: str, words: str) -> None:
    assert not found(index, text, words)


def test_a_long_text_is_found_by_any_part(index: sqlite3.Connection) -> None:
    text = "".join(chr(0x4E00 + number * 7 % 2000) for number in range(1500))
    assert all(found(index, text, text[at : at + 3]) for at in (0, 254, 255, 256, 257, 511, 512, 1497))


@given(st.text(max_size=60))
def test_anything_typed_is_a_question(index: sqlite3.Connection, typed: str) -> None:
    words = read_words(typed)
    for expression in (words.match, words.without):
        if expression:
            index.execute("SELECT 1 FROM articles_fts WHERE articles_fts MATCH ?", (expression,)).fetchall()


@given(_MIXED)
@example("ـ storm")
def test_a_text_is_found_by_any_of_its_words(index: sqlite3.Connection, text: str) -> None:
    text = clean(text)
    for word in text.split():
        asked = word.strip('-"*:')
        if asked and asked != "OR" and read_words(asked).match and ":" not in asked and '"' not in asked:
            assert found(index, text, asked), (text, asked)


def test_nothing_of_a_text_that_went_stays_in_the_index(index: sqlite3.Connection) -> None:
    for text in ("今日は東京の洪水", "ещё один", "plain", "أحمد", None):
        index.execute("UPDATE articles SET headline = ?, body = ?", (text, text))
    index.execute("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab (main, articles_fts, row)")
    assert index.execute("SELECT term FROM vocabulary").fetchall() == []


_LETTERS = st.text(st.sampled_from("abéèñŁłśжйёЙкقكαάωѐÅåıſ1²"), min_size=1, max_size=4)


@given(words=st.lists(_LETTERS, min_size=1, max_size=12), prefix=_LETTERS, most=st.sampled_from([1, 256]))
def test_a_prefix_finds_what_fts5_finds(words: list[str], prefix: str, most: int) -> None:
    with closing(sqlite3.connect(":memory:")) as conn, pytest.MonkeyPatch.context() as patch:
        patch.setattr(prefixes, "_MOST", most)
        tokenize = "unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'"
        conn.execute(f'CREATE VIRTUAL TABLE articles_fts USING fts5 (body, tokenize = "{tokenize}")')
        conn.executemany("INSERT INTO articles_fts VALUES (?)", [(searchable(word),) for word in words])
        match = read_words(f"{prefix}*").match
        if match is not None:
            found = "SELECT rowid FROM articles_fts WHERE articles_fts MATCH ?"
            wide = prefixes.widened(conn, match)
            assert set(conn.execute(found, (wide,))) == set(conn.execute(found, (match,)))
            if most == 256 and prefix.isascii() and set(conn.execute(found, (match,))):
                assert "*" not in wide
