"""Near texts: what is one story and what is not, from the fingerprint to the rows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from conftest import BAKERS, FERRY, NOON
from hypothesis import given
from hypothesis import strategies as st

from aggregator.fingerprint import body_hash, fingerprint_of, text_hash, with_fingerprint
from aggregator.match.near import Near, judge_near
from aggregator.model import Article, Dateline, Relation, TextBasis
from aggregator.recording import record_reading
from aggregator.sketch import (
    Sketch,
    containment,
    looked_for,
    pack,
    posted,
    sketch_of,
    unpack,
    unpack_shingles,
)
from aggregator.store import Store, sketches, unposted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "wire.db") as opened:
        yield opened


def article(outlet: str, headline: str, *paragraphs: str, hours: float = 0, place: str = "") -> Article:
    dateline = Dateline(f"{place}, ", "test", place=place) if place else None
    return Article(
        f"https://{outlet}.example/{headline}-{hours}", headline, paragraphs, TextBasis.PAGE, "test",
        outlet=f"{outlet}.example", dateline=dateline, published_at=NOON + timedelta(hours=hours),
    )  # fmt: skip


def record(store: Store, *articles: Article) -> list[int]:
    """Stores articles as they come; their stories by number, in the order of their first article."""
    with store.transaction() as conn:
        ids = [record_reading(conn, each, None, each.published_at or NOON).article_id for each in articles]
    found = dict(store.conn.execute("SELECT id, story_id FROM articles"))
    order = list(dict.fromkeys(found[each] for each in ids))
    return [order.index(found[each]) for each in ids]


def rows(store: Store, sql: str) -> list[tuple[Any, ...]]:
    return store.conn.execute(sql).fetchall()


def sketch(one: Article) -> Sketch:
    found = fingerprint_of(one)
    return sketch_of(found, frozenset(), dict.fromkeys(found.headline, 5.0))


# ---------------------------------------------------------------- fingerprints


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("U.S. net 5.2 mln dlrs", "US NET 5.2 million dollars"),
        ("the company’s “first” quarter", "The company first qtr"),
        ("Shr two cts", "share 2 cents"),
        ("ＮＨＫ　ニュース", "NHK ニュース"),
    ],
)
def test_spelling_and_typography_make_no_difference(one: str, other: str) -> None:
    assert words(one) == words(other)


def words(text: str) -> list[bytes]:
    """The hashes of a text's words."""
    found = fingerprint_of(article("a", "", text)).words
    return [found[at : at + 4] for at in range(0, len(found), 4)]


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("Net 1,250,000 vs 3.5, said A.P.I.", "net|1,250,000|vs|3.5|said|a.p.i."),
        ("and/or (well-known): 'quay's' end.", "and|or|well|known|quay|end"),
        ("東京都で", "東京|京都|都で"),
        ("В Омске – “ветер”", "в|омске|ветер"),
        ("naïve… ﬁve", "naïve|five"),
    ],
)
def test_figures_stay_whole_and_scripts_without_spaces_are_cut_in_pairs(text: str, cut: str) -> None:
    assert words(text) == [found for each in cut.split("|") for found in words(each)]


def test_paragraphs_end_where_they_end() -> None:
    found = fingerprint_of(article("a", "", "one two", "…", "three"))
    assert (found.ends, len(found.keys)) == ((2, 2, 3), 3)
    assert fingerprint_of(article("a", "Ferry")).ends == ()


@given(st.text(max_size=80), st.text(max_size=80))
def test_the_digests_of_a_fingerprint_are_those_of_its_article(headline: str, text: str) -> None:
    """They are stored: a text read again must have the same ones, whichever way they are taken."""
    plain = article("a", headline, text)
    found = with_fingerprint(plain)
    assert found == plain
    assert (text_hash(found), body_hash(found)) == (text_hash(plain), body_hash(plain))


def test_a_fingerprint_is_the_same_in_every_run() -> None:
    """Hashes are stored: Python's own would differ from one process to the next."""
    found = fingerprint_of(article("a", "Ferry", "one two three"))
    assert (found.outlet, found.headline) == (2993534412, (1057823763,))
    assert found.words.hex() == "b7efdc430dbed55a9b8ed26d"


def test_digests_are_the_same_in_every_release() -> None:
    """They are stored: were they others, every text would be taken for a new version."""
    one = article("a", "Ferry’s “Größe”", "Der Hafen – 1,5 Mio.… naïve ﬁve")
    assert text_hash(one).hex() == "e71981d1643e029d8959b4229a98be21"
    assert body_hash(one) == bytes.fromhex("2f2a5167864ec025154d75e39dbca53c")


# ---------------------------------------------------------------- sketches

TEXTS = st.lists(
    st.sampled_from("sea wind ferry 12 harbour 3,400 quay north crew line".split()), max_size=900
)


@given(TEXTS, TEXTS)
def test_a_sketch_comes_back_as_it_was_stored(words: list[str], headline: list[str]) -> None:
    made = sketch(article("a", " ".join(headline), " ".join(words)))
    back = unpack(pack(made), unpack_shingles(pack(made)))
    assert (back.words, back.bag, back.numbers) == (made.words, made.bag, made.numbers)
    assert list(back.shingles.smallest) == list(made.shingles.smallest)
    assert containment(back.shingles, made.shingles, len(made.shingles.smallest)) == (made.words > 0)
    assert back.headline == pytest.approx(made.headline)
    assert len(pack(made)) <= 1_300


def contained(one: Sketch, other: Sketch) -> float:
    both = set(one.shingles.smallest) & set(other.shingles.smallest)
    return containment(one.shingles, other.shingles, len(both))


def long_text(start: int, words: int) -> str:
    return " ".join(f"word{number}" for number in range(start, start + words))


def test_a_part_of_a_long_text_is_contained_in_it() -> None:
    whole, part, other = (
        sketch(article("a", "", text))
        for text in (long_text(0, 3_000), long_text(500, 600), long_text(9_000, 600))
    )
    assert contained(whole, part) > 0.9
    assert contained(whole, other) == 0
    half = sketch(article("a", "", f"{long_text(0, 1500)} {long_text(9_000, 1500)}"))
    assert 0.3 < contained(whole, half) < 0.7


def test_a_cut_copy_is_found_by_what_its_original_is_posted_under() -> None:
    """The long text keeps few of its shingles, the short one looks with many."""
    whole, part = (sketch(article("a", "", text)) for text in (long_text(0, 800), long_text(100, 120)))
    assert set(posted(whole)) & set(looked_for(part))
    assert set(posted(part)) & set(looked_for(whole))


def test_a_text_without_words_has_no_sketch_to_compare() -> None:
    empty = sketch(article("a", "…"))
    assert contained(empty, empty) == 0
    assert judge_near(Near(0, 0, None, None, marked=False, sketch=empty), []) is None


# ---------------------------------------------------------------- what is one story

HEAD = "Ferry turns back in north wind off the quay"
FRAME = ("Read our morning letter.", "Follow us for more from the coast.")


def test_a_cut_copy_under_another_headline_joins(store: Store) -> None:
    original = article("wire", HEAD, *FERRY, place="LISBON")
    cut = article("post", "North wind turns the ferry", *FERRY[:2], hours=2)
    assert record(store, original, cut) == [0, 0]
    [(rule, score, evidence)] = rows(store, "SELECT rule, score, evidence FROM joins")
    assert (rule, score > 0.9) == ("near text", True)
    assert '"contained": 1.0' in evidence
    assert rows(store, "SELECT relation FROM articles ORDER BY id") == [("original",), ("copy",)]


def test_an_update_of_the_same_outlet_joins_as_one(store: Store) -> None:
    grown = (FERRY[0], "Two lorries of fish were sold on the quay instead.", *FERRY[1:])
    found = record(
        store, article("wire", HEAD, *FERRY), article("wire", f"{HEAD}, fish sold", *grown, hours=1)
    )
    assert found == [0, 0]
    assert rows(store, "SELECT relation FROM articles ORDER BY id") == [("original",), ("update",)]


def result(name: str, numbers: tuple[str, ...], place: str) -> Article:
    first, second, third, fourth = numbers
    return article(
        "wire",
        f"{name} third quarter profit",
        f"{name} said net profit in the third quarter was {first} million dollars against {second} million.",
        f"Sales rose to {third} million dollars from {fourth} million in the same quarter of last year.",
        "The company does not report earnings by share since it is held by its founders.",
        place=place,
    )


def test_two_results_of_one_template_are_two_stories(store: Store) -> None:
    one = result("Kornblum Bakeries", ("12.4", "11.9", "230", "212"), "BREMEN")
    other = result("Aurelia Lines", ("3.8", "5.1", "77", "81"), "TALLINN")
    assert record(store, one, replace(other, url="https://wire.example/2")) == [0, 1]


def test_a_roundup_of_two_stories_joins_neither(store: Store) -> None:
    ferry = article("wire", HEAD, *FERRY, place="LISBON")
    bakers = article("wire", "Bakers of the old town agree on one price", *BAKERS, place="BREMEN", hours=0.5)
    roundup = article(
        "post",
        "The morning in five minutes",
        HEAD,
        *FERRY[:2],
        "Bakers agree on one price",
        *BAKERS[:2],
        hours=3,
    )
    assert record(store, ferry, bakers, roundup) == [0, 1, 2]


FLASH = "Trams will run through the night from Friday, the mayor said."


@pytest.mark.parametrize(
    ("headline", "place", "same"),
    [
        ("Night trams in Lisbon from Friday", "LISBON", True),
        ("Night trams in Lisbon from Friday", "PORTO", False),
        ("Council votes on budget", "LISBON", False),
    ],
)
def test_a_short_text_needs_headline_and_place(
    store: Store, headline: str, place: str, *, same: bool
) -> None:
    first = article("wire", "Night trams in Lisbon from Friday", FLASH, place="LISBON")
    second = article("post", headline, f"{FLASH} More soon.", hours=1, place=place)
    assert record(store, first, second) == [0, 0 if same else 1]


@pytest.mark.parametrize(
    ("headline", "text"),
    [
        (
            "В Омске залили каток",
            """Каток длиной в четыре километра залили в Омске за три ночи, сообщила городская служба. Лед
            ляжет вдоль реки от моста до порта, кататься можно будет бесплатно до конца марта. Коньки обещают
            выдавать у входа, а по вечерам включать музыку и свет, рассказал начальник катка Петр Лопатин.""",
        ),
        (
            "大阪の古い橋が公園に",
            """大阪市は、百年前に造られた鉄の橋を壊さずに公園として残すことを決めた。橋の上には桜の木が植えられ、
            川を見ながら歩けるようになるという。工事は来年の春に始まり、二年かかる見込みだと市の担当者は話した。
            住民からは歓迎する声が上がっている。""",
        ),
        (
            "القطار القديم يعود إلى الميناء",
            """عاد القطار القديم إلى الميناء بعد خمسة عشر عاما من التوقف وقالت البلدية إن الرحلات ستكون
            مجانية في الشهر الأول. وأضاف رئيس المحطة أن العربات رممت في المدينة نفسها وأن السائق هو من
            قادها في رحلتها الأخيرة قبل إغلاق الخط بسبب الفيضانات التي ضربت الساحل في ذلك الشتاء.""",
        ),
    ],
)
def test_a_cut_copy_joins_in_any_script(store: Store, headline: str, text: str) -> None:
    cut = text[: len(text) * 3 // 5]
    assert record(store, article("wire", headline, text), article("post", headline, cut, hours=1)) == [0, 0]


def test_what_an_outlet_prints_under_every_text_is_no_evidence(store: Store) -> None:
    appeal = (
        "Our desk needs readers like you: give what you can, share this page and tell others of it today."
    )
    stories = [
        article("post", f"Headline number{n}", long_text(1_000 * n, 60), appeal, hours=n / 10)
        for n in range(4)
    ]
    record(store, *stories)
    with store.transaction() as conn:
        learnt = sketches.sketch_article(conn, article("post", "New", appeal))
        elsewhere = sketches.sketch_article(conn, article("wire", "New", appeal))
    assert (learnt.words, elsewhere.words > 0) == (0, True)


# ---------------------------------------------------------------- the index


def test_texts_further_apart_than_the_window_do_not_join(store: Store) -> None:
    late = article("post", HEAD, *FERRY[:2], hours=73)
    assert record(store, article("wire", HEAD, *FERRY), late) == [0, 1]


def test_what_has_left_the_window_is_forgotten(store: Store) -> None:
    record(store, article("wire", HEAD, *FERRY), article("wire", "Bakers", *BAKERS, hours=90))
    with store.transaction() as conn:
        sketches.forget_sketches(conn, NOON + timedelta(hours=95))
        assert rows(store, "SELECT count(*) FROM sketches") == [(2,)]  # once a day at most
        sketches.forget_sketches(conn, NOON + timedelta(hours=97))
    assert rows(store, "SELECT count(*) FROM sketches") == [(1,)]
    assert rows(store, "SELECT count(*) FROM postings WHERE number NOT IN (SELECT number FROM sketches)") == [
        (0,)
    ]


def test_a_kill_takes_a_text_out_of_the_index(store: Store) -> None:
    original = article("wire", HEAD, *FERRY)
    record(store, original, replace(original, relation=Relation.KILL, paragraphs=()))
    assert rows(store, "SELECT count(*) FROM sketches") == [(0,)]
    assert record(store, article("post", HEAD, *FERRY[:2], hours=1)) == [0]
    assert rows(store, "SELECT count(*) FROM joins") == [(0,)]


def test_a_copy_of_an_earlier_version_joins_still(store: Store) -> None:
    original = article("wire", HEAD, *FERRY)
    rewritten = replace(original, paragraphs=BAKERS, relation=Relation.UPDATE)
    assert record(store, original, rewritten, article("post", HEAD, *FERRY[:2], hours=1)) == [0, 0, 0]


def test_a_shingle_of_a_crowd_is_posted_no_more(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sketches, "_CROWD", 5)
    record(store, *(article(f"outlet{n}", f"Number{n}", *FERRY, str(n), hours=n / 10) for n in range(9)))
    with store.transaction() as conn:
        unposted.post_all(conn)
    assert rows(store, "SELECT max(n) FROM (SELECT count(*) AS n FROM postings GROUP BY shingle)") == [(5,)]


# ---------------------------------------------------------------- two processes


def test_two_writers_cannot_join_at_once(tmp_path: Path) -> None:
    """The second one looks for near texts only when what the first one stored can be found."""
    path = tmp_path / "wire.db"
    with Store(path) as one, Store(path) as other, ThreadPoolExecutor(1) as threads:
        with one.transaction() as conn:
            record_reading(conn, article("wire", HEAD, *FERRY), None, NOON)
            second = threads.submit(record, other, article("post", "North wind", *FERRY[:2], hours=1))
        second.result()
        assert rows(one, "SELECT articles, outlets FROM stories") == [(2, 2)]


def test_an_aborted_join_leaves_the_counts_as_they_were(store: Store) -> None:
    record(store, article("wire", HEAD, *FERRY))
    copy = article("post", "North wind", *FERRY[:2], hours=1)

    def abort() -> None:
        with store.transaction() as conn:
            record_reading(conn, copy, None, NOON)
            raise KeyError

    with pytest.raises(KeyError):
        abort()
    assert rows(store, "SELECT articles, outlets FROM stories") == [(1, 1)]
    assert rows(store, "SELECT (SELECT count(*) FROM joins), (SELECT count(*) FROM sketches)") == [(0, 1)]


def test_a_copy_writes_no_other_article_anew(store: Store) -> None:
    record(store, *(article(f"post{n}", HEAD, *FERRY, hours=n) for n in range(3)))
    store.conn.executescript(
        "CREATE TEMP TABLE written (id); CREATE TEMP TRIGGER note AFTER UPDATE ON articles"
        " BEGIN INSERT INTO written VALUES (new.id); END"
    )
    record(store, article("post4", HEAD, *FERRY, hours=4))
    assert rows(store, "SELECT * FROM written") == []


# ---------------------------------------------------------------- who had it when


def test_coverage_tells_between_which_polls_an_outlet_got_a_story(store: Store) -> None:
    record(store, article("wire", HEAD, *FERRY), article("post", "North wind", *FERRY[:2], hours=1))
    store.conn.executescript("""
        INSERT INTO feeds (id, name, url, interval_s) VALUES (1, 'post', 'https://post.example/rss', 600);
        INSERT INTO fetches (feed_id, started_at, duration_ms, outcome) VALUES
            (1, '2026-03-04T12:50:00Z', 5, 'unchanged'), (1, '2026-03-04T13:00:00Z', 5, 'error'),
            (1, '2026-03-04T13:10:00Z', 5, 'new');
        INSERT INTO entries (feed_id, guid, first_seen_at, last_seen_at, article_id, digest)
        SELECT 1, 'x', '2026-03-04T13:10:00Z', '2026-03-04T13:10:00Z', id, x''
        FROM articles WHERE outlet = 'post.example';
    """)
    found = rows(store, "SELECT outlet, had_after, had_by, verbatim FROM story_coverage ORDER BY had_by")
    assert found == [
        ("wire.example", None, "2026-03-04T12:00:00Z", None),
        ("post.example", "2026-03-04T12:50:00Z", "2026-03-04T13:10:00Z", 1.0),
    ]
