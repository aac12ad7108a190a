"""Feeds, polls and entries in a real file: each write is whole or nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import NOON
from sqlite_utils import Database

from aggregator.errors import BusyError, SchemaTooNewError, StoreError
from aggregator.identity import Document
from aggregator.model import Cadence, Entry, Feed, PollOutcome
from aggregator.parse import sight
from aggregator.schedule import Plan
from aggregator.store import Store, feeds, polls, retention
from aggregator.store.entries import Changes, compare_entries
from aggregator.store.polls import Gap, Kept, Poll

if TYPE_CHECKING:
    from collections.abc import Iterator

FEED = Feed(
    "https://wire.example/rss", "wire", every=timedelta(minutes=10), at_most=timedelta(hours=6),
    spacing=timedelta(),
)  # fmt: skip
LATER = NOON + timedelta(hours=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "wire.db") as opened:
        yield opened


def rows(store: Store, sql: str, *values: object) -> list[tuple[Any, ...]]:
    return store.conn.execute(sql, values).fetchall()


def entry(guid: str, **said: Any) -> Entry:  # noqa: ANN401 (the fields of Entry)
    told = Entry(guid, f"https://wire.example/{guid}", f"Title of {guid}", "A summary.", published_at=NOON)
    return replace(told, **said)


PLAN = Plan(timedelta(minutes=10), LATER, "its floor (every)")


def poll_of(feed_id: int, **said: Any) -> Poll:  # noqa: ANN401 (the fields of Poll)
    return replace(Poll(feed_id, NOON, 12, PollOutcome.NEW, PLAN, 200, 999, kept=Kept()), **said)


def sync(store: Store, *wanted: Feed, at: datetime = NOON) -> dict[str, int]:
    """The ids of those feeds by name, after feeds.yaml holds them and no other."""
    with store.transaction() as conn:
        return {feed.name: number for number, feed in feeds.sync_feeds(conn, wanted, at).items()}


def take(store: Store, feed_id: int, *entries: Entry, **said: Any) -> Changes:  # noqa: ANN401 (the fields of Poll)
    """Records a poll that brought those entries."""
    document = Document([sight(each) for each in entries], said.get("started_at", NOON))
    with store.transaction() as conn:
        changes = compare_entries(conn, feed_id, document)
        polls.record_poll(conn, poll_of(feed_id, entries=len(entries), **said), changes)
    return changes


# ---------------------------------------------------------------- the file


def test_an_empty_file_is_brought_to_the_present_schema(store: Store) -> None:
    tables = {row[0] for row in rows(store, "SELECT name FROM sqlite_schema WHERE type = 'table'")}
    assert tables >= {
        "feeds", "fetches", "gaps", "entries", "articles", "versions", "stories", "joins", "quotes", "tags",
        "article_tags", "pages", "articles_fts",
    }  # fmt: skip
    assert rows(store, "PRAGMA journal_mode") == [("wal",)]
    assert rows(store, "PRAGMA foreign_keys") == [(1,)]
    assert rows(store, "PRAGMA integrity_check") == [("ok",)]
    loose = rows(
        store,
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND NOT strict"
        " AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '_sqlite_%'",
    )
    assert loose == []


def test_every_id_is_an_integer_primary_key(store: Store) -> None:
    for table in Database(store.conn).tables:
        if "id" in table.columns_dict and "_fts" not in table.name and not table.name.startswith("_"):
            assert table.pks == ["id"], table.name
            assert table.columns_dict["id"] is int


def test_opening_again_changes_nothing(store: Store) -> None:
    before = rows(store, "SELECT * FROM sqlite_schema ORDER BY name")
    applied = rows(store, "SELECT * FROM _sqlite_migrations ORDER BY id")
    with Store(store.path) as again:
        assert rows(again, "SELECT * FROM sqlite_schema ORDER BY name") == before
        assert rows(again, "SELECT * FROM _sqlite_migrations ORDER BY id") == applied


def test_a_migration_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "wire.db"
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("CREATE TABLE quotes (a)")  # in the way of the first migration, far down in it
    with pytest.raises(StoreError, match="already exists"):
        Store(path)
    with closing(sqlite3.connect(path)) as conn:
        names = {row[0] for row in conn.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        assert {name for name in names if "sqlite" not in name} == {"quotes"}
        conn.execute("DROP TABLE quotes")
    with Store(path) as store:
        assert rows(store, "SELECT count(*) FROM quotes") == [(0,)]


def test_a_newer_schema_is_refused_and_left_alone(store: Store) -> None:
    store.conn.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('aggregator', '9999_x', '')"
    )
    with pytest.raises(SchemaTooNewError, match=r"newer aggregator \(9999_x\); update the program"):
        Store(store.path)


def test_what_is_no_database_is_named_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "letter.db"
    path.write_text("Dear desk, " * 1_000)
    with pytest.raises(StoreError, match=r"letter\.db: it is not a SQLite database"):
        Store(path)
    assert path.read_text() == "Dear desk, " * 1_000
    with pytest.raises(StoreError, match="cannot be opened; check that its directory exists"):
        Store(tmp_path / "none" / "wire.db")
    with pytest.raises(StoreError, match="cannot be opened"):
        Store(tmp_path)


def test_a_damaged_file_is_named(store: Store) -> None:
    sync(store, FEED)
    store.conn.close()
    data = bytearray(store.path.read_bytes())
    data[4096:] = b"\xa5" * len(data[4096:])
    store.path.write_bytes(data)
    with pytest.raises(StoreError, match="it is damaged"), Store(store.path) as again:
        sync(again, FEED)


def test_two_writers_take_turns_or_say_who_waits(store: Store) -> None:
    with Store(store.path) as other:
        other.conn.execute("PRAGMA busy_timeout = 20")
        with store.transaction():
            assert rows(other, "SELECT count(*) FROM feeds") == [(0,)]  # readers never wait
            with pytest.raises(BusyError, match="another process is writing to it"):
                sync(other, FEED)
        sync(other, FEED)
        assert rows(store, "SELECT name FROM feeds") == [("wire",)]


def test_a_transaction_is_undone_by_any_exception(store: Store) -> None:
    def fail() -> None:
        with store.transaction() as conn:
            feeds.sync_feeds(conn, [FEED], NOON)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert rows(store, "SELECT count(*) FROM feeds") == [(0,)]
    assert sync(store, FEED)


def test_what_a_statement_may_take_back_needs_no_file_during_a_round(store: Store) -> None:
    before = _temporary_files()
    store.undo_in_memory()
    with store.transaction() as conn:
        conn.execute("CREATE TABLE pile (thing TEXT UNIQUE)")
        conn.execute(_PILE)
        conn.execute("UPDATE pile SET thing = thing || '!'")
        assert _temporary_files() == before
    assert rows(store, "SELECT count(*) FROM pile") == [(1000,)]


#: Over 64 kB of pages, which each later statement may have to take back.
_PILE = """
WITH RECURSIVE number (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM number WHERE n < 1000)
INSERT INTO pile SELECT n || hex(zeroblob(1000)) FROM number
"""


def _temporary_files() -> set[str]:
    """Names of the files without a directory entry that this process has open."""
    found = set()
    for each in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the one of this look itself
            found.add(str(each.readlink()))
    return {name for name in found if name.endswith("(deleted)")}


def test_a_full_file_is_told_and_nothing_is_half_written(store: Store) -> None:
    [feed_id] = sync(store, FEED).values()
    take(store, feed_id, entry("1"))
    before = rows(store, "SELECT * FROM entries"), rows(store, "SELECT * FROM feeds")
    [(pages,)] = rows(store, "PRAGMA page_count")
    store.conn.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match="the disk is full; nothing was half-written"):
        take(store, feed_id, *(entry(str(number), summary="x" * 5_000) for number in range(100)))
    assert (rows(store, "SELECT * FROM entries"), rows(store, "SELECT * FROM feeds")) == before
    store.conn.execute(f"PRAGMA max_page_count = {pages * 100}")
    take(store, feed_id, *(entry(str(number), summary="x" * 5_000) for number in range(100)))
    assert rows(store, "SELECT count(*) FROM entries") == [(100,)]


# ---------------------------------------------------------------- feeds


def test_a_feed_gone_from_the_file_is_paused_and_comes_back_as_it_was(store: Store) -> None:
    ids = sync(store, FEED)
    take(store, ids["wire"], entry("1"), kept=Kept('"1"'))
    assert sync(store) == {}
    assert rows(store, "SELECT state FROM feeds") == [("paused",)]
    assert feeds.feed_states(store.conn) == []
    assert sync(store, FEED) == ids
    assert rows(store, "SELECT state, etag FROM feeds") == [("active", '"1"')]
    assert rows(store, "SELECT count(*) FROM entries") == [(1,)]


def test_a_feed_that_is_gone_for_good_stays_so(store: Store) -> None:
    sync(store, FEED)
    store.conn.execute("UPDATE feeds SET state = 'gone'")
    sync(store, FEED)
    assert rows(store, "SELECT state FROM feeds") == [("gone",)]


def test_a_renamed_feed_keeps_its_row(store: Store) -> None:
    ids = sync(store, FEED)
    assert sync(store, replace(FEED, name="quay", title="Quay", section="Sea")) == {"quay": ids["wire"]}
    assert rows(store, "SELECT name, title, section FROM feeds") == [("quay", "Quay", "Sea")]


def test_a_feed_under_a_new_url_keeps_its_row_and_entries_but_no_validators(store: Store) -> None:
    ids = sync(store, FEED)
    take(store, ids["wire"], entry("1"), kept=Kept('"1"', "Tue", b"1"))
    assert sync(store, replace(FEED, url="https://wire.example/new")) == ids
    assert rows(store, "SELECT url, etag, last_modified, body_hash FROM feeds") == [
        ("https://wire.example/new", None, None, None)
    ]
    assert rows(store, "SELECT count(*) FROM entries WHERE feed_id = ?", ids["wire"]) == [(1,)]


def test_two_feeds_may_change_names(store: Store) -> None:
    quay = replace(FEED, url="https://quay.example/rss", name="quay")
    before = sync(store, FEED, quay)
    after = sync(store, replace(FEED, name="quay"), replace(quay, name="wire"))
    assert after == {"quay": before["wire"], "wire": before["quay"]}


def test_feeds_that_are_as_the_file_says_are_not_written(store: Store) -> None:
    ids = sync(store, FEED)
    before = store.conn.total_changes
    assert sync(store, FEED) == ids
    assert store.conn.total_changes == before
    for other in (replace(FEED, section="Sport"), replace(FEED, name="other"), replace(FEED, title="T")):
        assert set(sync(store, other).values()) == set(ids.values())
        assert store.conn.total_changes > before
        before = store.conn.total_changes
    assert rows(store, "SELECT name, section, title FROM feeds") == [("wire", None, "T")]


def test_a_paused_feeds_name_may_be_taken(store: Store) -> None:
    quay = replace(FEED, url="https://quay.example/rss", name="quay")
    before = sync(store, FEED, quay)
    sync(store, quay)
    after = sync(store, replace(quay, name="wire"))
    assert after == {"wire": before["quay"]}
    assert rows(store, "SELECT count(*), count(DISTINCT name) FROM feeds") == [(2, 2)]


def test_due_feeds_are_those_whose_time_has_come(store: Store) -> None:
    ids = sync(store, FEED, replace(FEED, url="https://b.example/", name="b"))
    take(store, ids["wire"], entry("1"), plan=replace(PLAN, interval=timedelta(seconds=1234)))
    assert [each.feed_id for each in feeds.feed_states(store.conn, NOON)] == [ids["b"]]
    assert len(feeds.feed_states(store.conn, LATER)) == 2
    state = {each.feed_id: each for each in feeds.feed_states(store.conn)}[ids["wire"]]
    assert (state.interval_s, state.failures, state.whole_at) == (1234, 0, NOON)
    assert (state.last_success_at, state.last_new_at) == (NOON, NOON)


# ---------------------------------------------------------------- polls


def test_a_poll_writes_entries_validators_due_time_and_log(store: Store) -> None:
    [feed_id] = sync(store, FEED).values()
    told = entry(
        "1", content="<p>All.</p>", author="A. Writer", tags=("sea", "wind, storm"), updated_at=NOON,
        published_raw="noon", image_url="https://wire.example/1.jpg",
    )  # fmt: skip
    changes = take(store, feed_id, told, kept=Kept('W/"1"', "Tue", b"x", title="Wire", language="en"))
    assert (len(changes.new), changes.first, changes.known_share) == (1, True, 0.0)
    [due] = feeds.due_entries(store.conn, [feed_id], NOON)
    assert (due.entry, due.feed_id, due.first_seen_at) == (told, feed_id, NOON)
    assert (due.article_id, due.tries) == (None, 0)
    assert rows(store, "SELECT etag, last_modified, body_hash, title, language FROM feeds") == [
        ('W/"1"', "Tue", b"x", "Wire", "en")
    ]
    assert rows(store, "SELECT status, outcome, bytes, entries, new, changed, error FROM fetches") == [
        (200, "new", 999, 1, 1, 0, None)
    ]


def test_entries_are_due_for_feeds_asked_about_only(store: Store) -> None:
    [feed_id] = sync(store, FEED).values()
    take(store, feed_id, *(entry(str(number)) for number in range(5)))
    assert feeds.due_entries(store.conn, [feed_id + 1], NOON) == []
    assert feeds.due_entries(store.conn, [feed_id], NOON - timedelta(seconds=1)) == []
    first = feeds.due_entries(store.conn, [feed_id], NOON, limit=3)
    rest = feeds.due_entries(store.conn, [feed_id], NOON, after=first[-1].place)
    assert [each.entry.guid for each in (*first, *rest)] == ["0", "1", "2", "3", "4"]


def test_entries_are_new_changed_told_again_or_known(store: Store) -> None:
    [feed_id] = sync(store, FEED).values()
    take(store, feed_id, *map(entry, "abcd"))
    store.conn.execute("UPDATE entries SET due_at = NULL, tries = 2")
    changes = take(
        store,
        feed_id,
        entry("a"),
        entry("b", summary="Another summary."),
        entry("c", url="https://wire.example/c?v=2"),
        entry("d", published_at=LATER),
        entry("e"),
        started_at=LATER,
    )
    assert [each.entry.guid for each in changes.new] == ["e"]
    assert [each.entry.guid for each, _ in changes.changed] == ["b"]
    assert [each.entry.guid for each, _ in changes.told] == ["a", "c", "d"]
    assert set(changes.known) == {1, 2, 3, 4}
    assert (changes.first, changes.known_share) == (False, 0.8)
    late = "2026-03-04T13:00:00Z"
    found = rows(store, "SELECT guid, url, summary, published_at, due_at, tries FROM entries ORDER BY guid")
    noon = "2026-03-04T12:00:00Z"
    assert found == [
        ("a", "https://wire.example/a", "A summary.", noon, None, 2),
        ("b", "https://wire.example/b", "Another summary.", noon, late, 0),
        ("c", "https://wire.example/c?v=2", "A summary.", noon, None, 2),
        ("d", "https://wire.example/d", "A summary.", late, None, 2),
        ("e", "https://wire.example/e", "A summary.", noon, late, 0),
    ]
    assert rows(store, "SELECT count(*) FROM entries WHERE last_seen_at = ?", late) == [(5,)]


def test_an_entry_no_longer_shown_stays(store: Store) -> None:
    [feed_id] = sync(store, FEED).values()
    take(store, feed_id, entry("a"), entry("b"))
    take(store, feed_id, entry("b"), started_at=LATER)
    assert rows(store, "SELECT guid, last_seen_at FROM entries ORDER BY guid") == [
        ("a", "2026-03-04T12:00:00Z"),
        ("b", "2026-03-04T13:00:00Z"),
    ]


def test_a_failed_poll_keeps_validators_and_counts(store: Store) -> None:
    [feed_id] = sync(store, FEED).values()
    take(store, feed_id, entry("a"), kept=Kept('"1"', body_hash=b"x"))
    failed = poll_of(feed_id, outcome=PollOutcome.ERROR, status=503, error="answered HTTP 503", kept=None)
    for _ in range(2):
        with store.transaction() as conn:
            polls.record_poll(conn, replace(failed, started_at=LATER), Changes())
    assert rows(store, "SELECT failures, last_error, etag, body_hash, last_success_at FROM feeds") == [
        (2, "answered HTTP 503", '"1"', b"x", "2026-03-04T12:00:00Z")
    ]
    take(store, feed_id, entry("a"))
    assert rows(store, "SELECT failures, last_error FROM feeds") == [(0, None)]


def test_a_gap_is_written_down_with_its_poll(store: Store) -> None:
    [feed_id] = sync(store, FEED).values()
    take(store, feed_id, entry("a"))
    assert rows(store, "SELECT * FROM gaps") == []
    take(store, feed_id, entry("z"), started_at=LATER, gap=Gap(NOON, 7))
    assert rows(store, "SELECT feed_id, after_at, before_at, estimate FROM gaps") == [
        (feed_id, "2026-03-04T12:00:00Z", "2026-03-04T13:00:00Z", 7)
    ]


def test_what_a_poll_keeps_comes_back_with_the_state(store: Store) -> None:
    [feed_id] = sync(store, FEED).values()
    kept = Kept(
        '"1"', "Tue", b"x", moved_to="https://new.example/", moves=2, unmodified=9, delta=True,
        cadence=Cadence(3600, (0, 23), (6,)), window_from=NOON - timedelta(hours=9), rhythm=(0.5,) * 24,
    )  # fmt: skip
    take(store, feed_id, kept=kept, plan=replace(PLAN, not_before=LATER))
    [state] = feeds.feed_states(store.conn)
    assert (state.etag, state.last_modified, state.body_hash) == ('"1"', "Tue", b"x")
    assert (state.moved_to, state.moves, state.unmodified) == ("https://new.example/", 2, 9)
    assert (state.delta, state.cadence, state.window_from) == (True, kept.cadence, kept.window_from)
    assert (state.rhythm, state.not_before_at, state.gone) == (kept.rhythm, LATER, False)


def test_a_feed_that_is_gone_stays_listed_and_comes_back(store: Store) -> None:
    [feed_id] = sync(store, FEED).values()
    take(store, feed_id, kept=None, status=410, error="answered HTTP 410", outcome=PollOutcome.ERROR)
    [state] = feeds.feed_states(store.conn)
    assert state.gone
    sync(store, FEED)
    assert rows(store, "SELECT state FROM feeds") == [("gone",)]
    take(store, feed_id, entry("a"))
    assert rows(store, "SELECT state FROM feeds") == [("active",)]


def test_a_postponed_poll_is_no_failure(store: Store) -> None:
    [feed_id] = sync(store, FEED).values()
    with store.transaction() as conn:
        polls.postpone_poll(conn, feed_id, LATER, "its host asked us to stay away")
    assert rows(store, "SELECT failures, last_attempt_at, next_poll_at, interval_why FROM feeds") == [
        (0, None, "2026-03-04T13:00:00Z", "its host asked us to stay away")
    ]
    assert rows(store, "SELECT * FROM fetches") == []


@pytest.mark.parametrize("table", ["entries", "fetches", "feeds", "gaps"])
def test_a_poll_is_written_whole_or_not_at_all(store: Store, table: str) -> None:
    [feed_id] = sync(store, FEED).values()
    take(store, feed_id, entry("a"), kept=Kept('"1"'))
    everything = (
        "SELECT * FROM entries",
        "SELECT * FROM fetches",
        "SELECT * FROM feeds",
        "SELECT * FROM gaps",
    )
    before = [rows(store, sql) for sql in everything]
    event = "UPDATE" if table == "feeds" else "INSERT"
    store.conn.execute(
        f"CREATE TRIGGER stop AFTER {event} ON {table} BEGIN SELECT raise(ABORT, 'stopped'); END"
    )
    with pytest.raises(StoreError, match="stopped"):
        take(store, feed_id, entry("b"), entry("c"), kept=Kept('"2"'), gap=Gap(NOON, None), started_at=LATER)
    assert [rows(store, sql) for sql in everything] == before
    store.conn.execute("DROP TRIGGER stop")
    changes = take(
        store, feed_id, entry("b"), entry("c"), kept=Kept('"2"'), gap=Gap(NOON, None), started_at=LATER
    )
    assert len(changes.new) == 2
    assert rows(store, "SELECT etag FROM feeds") == [('"2"',)]


def test_old_polls_are_forgotten_and_new_ones_kept(store: Store) -> None:
    [feed_id] = sync(store, FEED).values()
    take(store, feed_id, entry("a"))
    take(store, feed_id, entry("a"), started_at=LATER)
    with store.transaction() as conn:
        retention.prune_log(conn, retention.Limits(fetches=LATER, pages=LATER))
    assert rows(store, "SELECT started_at FROM fetches") == [("2026-03-04T13:00:00Z",)]


def test_many_entries_of_odd_guids_are_kept_apart(store: Store) -> None:
    [feed_id] = sync(store, FEED).values()
    odd = ["", " ", "'", '"', "\\", "]", "%", "a" * 2_000, "ключ", "NULL", "1", "1.0", "\u2028"]
    many = [entry(guid) for guid in odd] + [entry(f"n{number}") for number in range(3_000)]
    assert len(take(store, feed_id, *many).new) == len(many)
    assert len(take(store, feed_id, *many).known) == len(many)
    assert rows(store, "SELECT count(*) FROM entries") == [(len(many),)]
