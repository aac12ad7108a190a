"""Questions to a database: filters, times, order, superseded texts, and that no whole match is sorted."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from written import Wire

from aggregator import query
from aggregator.errors import SchemaTooNewError, StoreError, UsageError
from aggregator.query import Filter, Sort, plan
from aggregator.query.asked import ask
from aggregator.query.plan import counting, selects

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2031, 5, 10, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Desk:
    """A small wire, and the ids of what is on it."""

    conn: sqlite3.Connection
    storm: int
    storm_copy: int
    ferry: int
    killed: int
    flood: int

    def ids(self, words: str = "", **given: Any) -> list[int]:  # noqa: ANN401 (the fields of Filter)
        """The ids that answer, counted too."""
        question = Filter(words=words, **given)
        found = [each.id for each in query.articles(self.conn, question)]
        if not question.limit and not question.offset:
            assert query.count(self.conn, question) == len(found)
        return found


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    wire = Wire(tmp_path_factory.mktemp("desk") / "wire.db")
    storm = wire.article(
        "2031-05-01T08:00:00", "Storm closes harbour", body="Ships wait.", agency="nordica",
        outlet="nordica.example", place="NEW OSLO", language="en", section="Weather", url="https://nordica.example/1",
    )  # fmt: skip
    copy = wire.article(
        "2031-05-01T09:00:00", "Storm closes harbour", body="Ships wait.", agency="nordica",
        outlet="daily.example",
        relation="copy", story_id=storm, language="en", first_seen_at="2031-05-09T00:00:00Z",
    )  # fmt: skip
    ferry = wire.article(
        "2031-05-02T08:00:00", "Ferry sails again", body="Calm sea.", agency="lumen", outlet="lumen.example",
        place="OSLO", language="en", url="https://lumen.example/2",
    )  # fmt: skip
    killed = wire.article(
        "2031-05-03T08:00:00", "Wrongful harbour claim", agency="lumen", outlet="lumen.example"
    )
    flood = wire.article(
        "2031-05-04T08:00:00", "東京で洪水", language="ja", outlet="asa.example", agency="asa", place="東京"
    )
    wire.version(
        ferry,
        "2031-05-03T10:00:00Z",
        "Ferry stays in port",
        relation="correction",
        mark="CORRECTED",
        body="Gale.",
    )
    wire.kill(killed)
    wire.feed("nordica-all", storm)
    wire.feed("everything", storm, ferry, flood)
    wire.tag("Shipping", storm, ferry)
    with wire.asking() as conn:
        yield Desk(conn, storm, copy, ferry, killed, flood)
    wire.close()
    conn.close()


def test_newest_first_and_killed_left_out(desk: Desk) -> None:
    assert desk.ids(limit=0) == [desk.flood, desk.ferry, desk.storm_copy, desk.storm]
    assert desk.ids(limit=2) == [desk.flood, desk.ferry]
    assert desk.ids(limit=2, offset=1) == [desk.ferry, desk.storm_copy]


@given(
    words=st.text(st.characters() | st.sampled_from('storm har*-":"OR '), max_size=40),
    all_versions=st.booleans(),
    place=st.none() | st.text(max_size=10),
    among=st.sampled_from([(), (1,)]),
)
def test_whatever_is_typed_has_an_answer(
    desk: Desk, words: str, place: str | None, among: tuple[int, ...], *, all_versions: bool
) -> None:
    places = () if place is None else (place,)
    found = desk.ids(words, all_versions=all_versions, place=places, among=among, limit=0)
    assert set(found) <= {desk.flood, desk.ferry, desk.storm_copy, desk.storm}
    assert not (found and among)
    assert desk.ids(words, all_versions=all_versions, place=places, among=among, limit=2) == found[:2]


def test_only_some_articles(desk: Desk) -> None:
    among = (desk.ferry, desk.storm, desk.killed, 7)
    assert desk.ids(among=among, limit=0) == [desk.ferry, desk.storm]
    assert desk.ids("st*", among=among, limit=0) == [desk.ferry, desk.storm]
    assert desk.ids("storm", among=among, limit=0) == [desk.storm]
    assert desk.ids(among=(*among, *range(10, 1_000)), limit=1) == [desk.ferry]
    assert list(query.ids(desk.conn, Filter(among=among))) == [desk.ferry, desk.storm]


def test_killed_only_when_asked_for(desk: Desk) -> None:
    assert desk.ids(status=("canceled",), limit=0) == [desk.killed]
    assert desk.ids("harbour", status=("canceled",), limit=0) == []
    assert desk.killed not in desk.ids("wrongful", all_versions=True, limit=0)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"agency": ("nordica",)}, ["storm_copy", "storm"]),
        ({"agency": ("asa", "lumen")}, ["flood", "ferry"]),
        ({"outlet": ("daily.example",)}, ["storm_copy"]),
        ({"place": ("oslo",)}, ["ferry"]),
        ({"place": ("new oslo", "Oslo")}, ["ferry", "storm"]),
        ({"section": ("weather",)}, ["storm"]),
        ({"lang": ("ja",)}, ["flood"]),
        ({"tag": ("shipping",)}, ["ferry", "storm"]),
        ({"feed": ("everything",)}, ["flood", "ferry", "storm"]),
        ({"feed": ("everything",), "agency": ("nordica",)}, ["storm"]),
        ({"relation": ("correction", "copy")}, ["ferry", "storm_copy"]),
        ({"since": datetime(2031, 5, 2, tzinfo=UTC)}, ["flood", "ferry"]),
        ({"until": datetime(2031, 5, 1, 8, 0, tzinfo=UTC)}, ["storm"]),
        ({"seen_since": datetime(2031, 5, 5, tzinfo=UTC)}, ["storm_copy"]),
        ({"words": "harbour"}, ["storm_copy", "storm"]),
        ({"words": "harbour", "outlet": ("daily.example",)}, ["storm_copy"]),
        ({"words": "harbour", "place": ("new oslo",)}, ["storm"]),
        ({"words": "-harbour", "place": ("new oslo",)}, []),
        ({"words": "-harbour"}, ["flood", "ferry"]),
        ({"words": "洪水"}, ["flood"]),
        ({"words": "!!!"}, []),
        ({"place": ("!!!",)}, []),
        ({"words": "body:harbour"}, []),
        ({"words": "gale"}, ["ferry"]),
        ({"words": "calm"}, []),
        ({"words": "calm", "all_versions": True}, ["ferry"]),
        ({"words": "oslo", "all_versions": True}, ["ferry", "storm"]),
        ({"words": "ferry", "all_versions": True}, ["ferry"]),
        ({"words": "calm", "all_versions": True, "agency": ("nordica",)}, []),
        ({"words": "-calm", "all_versions": True}, ["flood", "storm_copy", "storm"]),
    ],
)
def test_filters(desk: Desk, given: dict[str, Any], expected: list[str]) -> None:
    wanted = [getattr(desk, name) for name in expected]
    assert desk.ids(**given, limit=0) == wanted


def test_a_story_by_its_id(desk: Desk) -> None:
    assert desk.ids(story=(desk.storm,), limit=0) == [desk.storm_copy, desk.storm]
    assert desk.ids("ships -calm", story=(desk.storm, desk.ferry), limit=0) == [desk.storm_copy, desk.storm]


def test_the_last_seen_first(desk: Desk) -> None:
    assert desk.ids(sort=Sort.SEEN, limit=0) == [desk.storm_copy, desk.flood, desk.ferry, desk.storm]


def test_the_best_match_first(desk: Desk) -> None:
    assert desk.ids("ferry OR calm OR harbour", sort=Sort.RELEVANCE, limit=1) == [desk.ferry]


def test_the_best_match_is_looked_for_among_what_passes_the_filters(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "WEIGHED", 1)
    plan._selects.cache_clear()  # noqa: SLF001
    assert desk.ids("harbour", outlet=("nordica.example",), sort=Sort.RELEVANCE, limit=0) == [desk.storm]
    plan._selects.cache_clear()  # noqa: SLF001 (the SQL made with that number)


@pytest.mark.parametrize("place", ["東", "東京"])
def test_a_place_without_spaces_by_its_first_letters(desk: Desk, place: str) -> None:
    assert desk.ids(place=(place,), limit=0) == [desk.flood]
    assert desk.ids("洪水", place=(place,), all_versions=True, limit=0) == [desk.flood]


def test_what_was_known_then(desk: Desk) -> None:
    then = datetime(2031, 5, 3, tzinfo=UTC)
    found = list(query.articles(desk.conn, Filter(as_of=then)))
    assert [each.id for each in found] == [desk.ferry, desk.storm]
    assert (found[0].headline, found[0].relation, found[0].versions) == ("Ferry sails again", "original", 1)
    assert desk.ids("calm", as_of=then, limit=0) == [desk.ferry]
    assert desk.ids("gale", as_of=then, limit=0) == []
    assert desk.ids("gale", as_of=NOW, limit=0) == [desk.ferry]
    assert desk.ids("calm", as_of=NOW, limit=0) == []
    assert desk.ids("-calm", as_of=then, limit=0) == [desk.storm]
    assert desk.ids(as_of=NOW, relation=("correction",), limit=0) == [desk.ferry]
    assert desk.ids(as_of=then, relation=("correction",), limit=0) == []


def test_a_story_says_which_outlets_had_it_by_when(desk: Desk) -> None:
    [story] = query.stories(desk.conn, Filter(words="storm", stories=True))
    assert [(each.outlet, each.relation) for each in story.coverage] == [
        ("nordica.example", "original"),
        ("daily.example", "copy"),
    ]
    assert story == query.story(desk.conn, desk.storm)
    then = datetime(2031, 5, 8, tzinfo=UTC)  # what its articles were to each other then is not known
    [story] = query.stories(desk.conn, Filter(words="storm", stories=True, as_of=then))
    assert [(each.outlet, each.relation) for each in story.coverage] == [("nordica.example", None)]


def test_stories_come_once_at_their_newest_article(desk: Desk) -> None:
    found = list(query.stories(desk.conn, Filter(stories=True)))
    assert [each.id for each in found] == [desk.flood, desk.ferry, desk.storm]
    assert found[2].relations == "copy, original"
    assert query.count(desk.conn, Filter(stories=True)) == 3
    assert [each.id for each in query.stories(desk.conn, Filter(stories=True, limit=1, offset=1))] == [
        desk.ferry
    ]


def test_one_article_with_all_about_it(desk: Desk) -> None:
    ferry = query.article(desk.conn, desk.ferry)
    assert ferry is not None
    assert ferry.mark == "CORRECTED"
    assert [each.headline for each in query.versions(desk.conn, desk.ferry)] == [
        "Ferry sails again",
        "Ferry stays in port",
    ]
    assert query.tags(desk.conn, desk.ferry) == ("Shipping",)
    storm = query.article(desk.conn, desk.storm)
    assert storm is not None
    assert [each.id for each in query.copies(desk.conn, storm)] == [desk.storm_copy]
    assert query.article(desk.conn, 1) is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"feed": ("nordica",)}, "no feed is named 'nordica'"),
        ({"sort": Sort.RELEVANCE}, "needs words"),
        ({"words": "x", "sort": Sort.RELEVANCE, "as_of": NOW}, "neither"),
        ({"words": "x", "all_versions": True, "as_of": NOW}, "choose one"),
        ({"limit": -1}, "below 0"),
        ({"words": "x", "all_versions": True, "offset": -1}, "below 0"),
        ({"story": (10**20,)}, "that a database can hold"),
        ({"limit": 10**20}, "that a database can hold"),
        ({"agency": ("\udcff",)}, "that a database can hold"),
        ({"feed": ("\udcff",)}, "that a database can hold"),
    ],
)
def test_contradictions_are_named(desk: Desk, given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        desk.ids(**given)


def test_what_cannot_be_asked_for_cannot_be_counted(desk: Desk) -> None:
    with pytest.raises(UsageError, match="needs words"):
        query.count(desk.conn, Filter(sort=Sort.RELEVANCE))


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"words": "storm"},
        {"words": '"storm closes" harb*', "since": NOW},
        {"words": "storm", "place": ("oslo",), "as_of": NOW},
        {"words": "storm", "all_versions": True},
        {"as_of": NOW},
    ],
)
def test_nothing_is_sorted(desk: Desk, given: dict[str, Any]) -> None:
    asked = ask(Filter(**given))
    for select in selects(desk.conn, asked):
        if "a.id IN" not in select.conditions[0]:  # a filter that few pass: those few may be sorted
            steps = desk.conn.execute("EXPLAIN QUERY PLAN " + select.sql("a.id"), asked.values).fetchall()
            assert not [row for row in steps if "ORDER BY" in row[3]], steps


def test_words_are_counted_in_the_search_index_alone(desk: Desk) -> None:
    asked = ask(Filter(words="storm"))
    steps = desk.conn.execute("EXPLAIN QUERY PLAN " + counting(asked.shape), asked.values).fetchall()
    held = [row[3] for row in steps if " articles " in row[3]]
    assert (
        [step for step in held if "INDEX articles_status" in step or "INDEX articles_embargo" in step]
        == held
        != []
    )


def test_held_articles_are_not_counted(tmp_path: Path) -> None:
    """As many are counted as are shown."""
    wire = Wire(tmp_path / "wire.db")
    later, past = "2999-01-01T00:00:00Z", "2001-01-01T00:00:00Z"
    for held in (
        {},
        {"embargo_until": past},
        {"embargo_until": past, "status": "withheld"},
        {"embargo_until": later},
        {"embargo_until": later, "status": "withheld"},
        {"status": "withheld"},
    ):
        wire.article("2030-01-01T00:00:00", "storm in harbour", **held)
    wire.kill(wire.article("2030-01-01T00:00:00", "storm in harbour"))
    with closing(wire.asking()) as conn:
        for asked in (Filter(words="storm"), Filter(words="sto*"), Filter(words="storm -ferry")):
            rows = list(query.articles(conn, asked))
            assert query.count(conn, asked) == len(rows) == 3
        assert query.count(conn, Filter(words="storm", status=("withheld",))) == 0
        assert query.count(conn, Filter(words="storm", since=NOW, status=("usable", "withheld"))) == 0
    wire.close()


def test_a_database_that_cannot_be_asked(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no such database"):
        query.open_read_only(tmp_path / "none.db")
    (tmp_path / "text.db").write_text("plain text, no database at all " * 40)
    with pytest.raises(StoreError, match="not a SQLite database"):
        query.open_read_only(tmp_path / "text.db")
    with pytest.raises(StoreError, match="is a directory"):
        query.open_read_only(tmp_path)
    sqlite3.connect(tmp_path / "empty.db").close()
    with pytest.raises(StoreError, match="no database of aggregator"):
        query.open_read_only(tmp_path / "empty.db")


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        (
            "INSERT INTO _sqlite_migrations VALUES (999, 'aggregator', '9999_later', '')",
            SchemaTooNewError,
            "newer",
        ),
        ("DELETE FROM _sqlite_migrations WHERE name = '0002_search'", StoreError, "older"),
    ],
)
def test_a_schema_of_another_program(
    tmp_path: Path, change: str, kind: type[StoreError], message: str
) -> None:
    wire = Wire(tmp_path / "wire.db")
    wire.conn.execute(change)
    wire.close()
    with pytest.raises(kind, match=message):
        query.open_read_only(wire.path)


def test_the_reader_cannot_write(desk: Desk) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        desk.conn.execute("DELETE FROM gaps")


def test_who_asks_and_who_writes_do_not_wait_for_each_other(tmp_path: Path) -> None:
    wire = Wire(tmp_path / "wire.db")
    first = wire.article("2031-05-01T08:00:00", "Storm 0")
    faults: list[Exception] = []
    answers: list[int] = []
    done = threading.Event()

    def ask() -> None:
        try:
            conn = wire.asking()
            while not done.is_set():
                answers.append(query.count(conn, Filter(words="storm")))
            answers.append(query.count(conn, Filter(words="storm")))
            conn.close()
        except Exception as fault:  # noqa: BLE001 (whatever it is, the test must see it)
            faults.append(fault)

    readers = [threading.Thread(target=ask) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(1, 100):
        wire.article("2031-05-01T08:00:00", f"Storm {number}")
        wire.version(first, "2031-05-02T08:00:00Z", f"Storm again {number}")
    done.set()
    for reader in readers:
        reader.join(timeout=60)
    wire.close()
    assert faults == []
    assert answers[-1] == 100


def test_nothing_of_a_text_that_went_stays_in_the_indexes(tmp_path: Path) -> None:
    wire = Wire(tmp_path / "wire.db")
    first = wire.article("2031-05-01T08:00:00", "One", body="東京 ещё")
    for number in range(3):
        wire.version(first, f"2031-05-02T0{number}:00:00Z", f"Turn {number}", body="洪水" * number)
    second = wire.article("2031-05-01T08:00:00", "Two")
    wire.version(second, "2031-05-02T08:00:00Z", "Second turn", body="大阪")
    for table in ("articles_fts", "versions_fts"):
        wire.conn.execute(f"CREATE VIRTUAL TABLE temp.words_{table} USING fts5vocab (main, {table}, row)")
    assert _vocabulary(wire, "versions_fts") >= {"東京", "еще", "洪水", "turn", "two"}
    wire.kill(second)
    wire.conn.execute("DELETE FROM articles WHERE id = ?", (first,))
    assert _vocabulary(wire, "articles_fts") == set()
    assert _vocabulary(wire, "versions_fts") == set()
    wire.close()


def _vocabulary(wire: Wire, table: str) -> set[str]:
    return {row[0] for row in wire.conn.execute(f"SELECT term FROM temp.words_{table}")}  # noqa: S608 (two names)
