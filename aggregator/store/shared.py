"""An article that two databases have, made one. Inside the caller's transaction.

Alive in both, its versions are those of all its readings in the order of sight; killed in one of them, it is
killed, by the earlier kill.
"""

from __future__ import annotations

import itertools
from datetime import datetime
from typing import TYPE_CHECKING

from aggregator.match.union import Sighted, unite
from aggregator.model import Article, Relation, Status, TextBasis
from aggregator.store import articles, furniture, kills, merges
from aggregator.text import count_words, word_changes
from aggregator.wire.marks import read_line_mark, read_mark

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from aggregator.match.union import United
    from aggregator.store.merges import Intake, Row

#: What hangs on a version by its number.
_BY_NUMBER = ("quotes", "pages", "readings")
#: What an article's row says that does not come with its text.
_OWN = ("id", "story_id", "relation", "canonical_url", "first_seen_at", "versions")
_OF_VERSION = (
    "entry_id", "seen_at", "relation", "mark", "headline", "deck", "body", "text_basis", "extractor",
    "text_hash", "body_hash", "reread_at",
)  # fmt: skip
_TEXT = ("headline", "deck", "body")
#: What a later reading that is silent leaves as an earlier one told it.
_TOLD_BEFORE = (
    "credit", "byline", "dateline", "place", "dateline_date", "agency", "section", "language", "image_url",
    "image_caption", "image_credit", "slug", "item_id", "urgency", "gone_at", "origin_killed_at",
)  # fmt: skip

_Key = tuple[bool, str, int]  # in which database, table and row a reading is


def share_article(intake: Intake, row: Row, own: int) -> None:
    """Makes an article there and one here into one, here."""
    [here] = merges.rows_of(intake.here, "SELECT * FROM articles WHERE id = ?", (own,))
    killed_here, killed_there = _killed_at(intake.here, here), _killed_at(intake.there, row)
    if killed_there and (killed_here is None or killed_there < killed_here):
        _bury(intake, row, here, killed_there)
    elif killed_here:
        _remember(intake, row["id"], own, killed_here)
    else:
        _unite(intake, row, here)
    if row["first_seen_at"] < here["first_seen_at"]:
        merges.change(intake.here, "articles", own, {"first_seen_at": row["first_seen_at"]})


def _killed_at(conn: sqlite3.Connection, row: Row) -> str | None:
    if row["status"] != Status.CANCELED:
        return None
    sql = "SELECT max(seen_at) FROM versions WHERE article_id = ?"
    return str(conn.execute(sql, (row["id"],)).fetchone()[0])


# ---------------------------------------------------------------- killed


def _bury(intake: Intake, row: Row, here: Row, at: str) -> None:
    """Puts the tombstone from there in the place of the article here."""
    conn, own = intake.here, here["id"]
    known = articles.known_article(conn, own, None)
    when = datetime.fromisoformat(at)
    if known is not None and known.status is not Status.CANCELED:
        kills.remember_texts(conn, own, when)
        furniture.forget_lines(conn, own)
        articles.cancel_article(conn, known, row["mark"], when)
        kills.settle_search(conn)
    conn.execute("DELETE FROM versions WHERE article_id = ?", (own,))
    for version in merges.children(intake.there, "versions", row["id"]):
        merges.put(conn, "versions", merges.moved(intake, version, own))
    merges.change(conn, "articles", own, {name: row[name] for name in row if name not in _OWN[:-1]})
    conn.execute("DELETE FROM joins WHERE article_id = ? AND undone_at IS NULL", (own,))
    _remember(intake, row["id"], own, at)
    intake.came["tombstones"] += 1


def _remember(intake: Intake, number: int, own: int, at: str) -> None:
    """Keeps what is known there of a killed article's texts, so that they are known when they come again."""
    hashes = {row["body_hash"]: row for row in merges.children(intake.there, "kills", number)}
    for row in merges.children(intake.there, "versions", number):
        hashes.setdefault(row["body_hash"], {"at": at, "outlet": None, "agency": None})
    for body_hash in sorted(hashes.keys() - {None}):
        if intake.here.execute("SELECT 1 FROM kills WHERE body_hash = ?", (body_hash,)).fetchone():
            continue
        about = {name: hashes[body_hash][name] for name in ("at", "outlet", "agency")}
        merges.put(intake.here, "kills", about | {"article_id": own, "body_hash": body_hash})
        intake.came["kills"] += 1


# ---------------------------------------------------------------- alive


def _unite(intake: Intake, row: Row, here: Row) -> None:
    """Makes the versions of both those of the article here, unless they are already."""
    conn, own = intake.here, here["id"]
    ours = _sighted(conn, here, here=True)
    theirs = _sighted(intake.there, row, here=False)
    found = unite([*ours, *theirs])
    if all(each.here for each in (*(one for one, _ in found.versions), *found.echoes)):
        return
    intake.came["versions"] += 1
    rows = _rows(conn, own, here=True) | {
        key: merges.moved(intake, each, own)
        for key, each in _rows(intake.there, row["id"], here=False).items()
    }
    hanging = [(True, each) for each in _hanging(conn, own)] + [
        (False, (table, merges.moved(intake, each, own))) for table, each in _hanging(intake.there, row["id"])
    ]
    _write_versions(conn, own, found, rows)
    _hang(conn, own, found, hanging, rows)
    _show_newest(conn, found, here, row)
    merges.add_tags(intake, row["id"], own)


def _sighted(conn: sqlite3.Connection, row: Row, *, here: bool) -> list[Sighted]:
    """The readings of an article in a database: its versions, and what said nothing new."""
    return [
        Sighted(
            datetime.fromisoformat(each["seen_at"]), _entry_of(conn, each["entry_id"]), _text_of(each, row),
            each["text_hash"], each["reread_at"] or "", table, row_id, here,
        )
        for (_, table, row_id), each in _rows(conn, row["id"], here=here).items()
    ]  # fmt: skip


def _rows(conn: sqlite3.Connection, article_id: int, *, here: bool) -> dict[_Key, Row]:
    return {
        (here, table, each["id"]): each
        for table in ("versions", "echoes")
        for each in merges.children(conn, table, article_id)
    }


def _entry_of(conn: sqlite3.Connection, entry_id: int | None) -> tuple[str, str] | None:
    row = conn.execute(
        "SELECT f.url, e.guid FROM entries AS e JOIN feeds AS f ON f.id = e.feed_id WHERE e.id = ?",
        (entry_id,),
    ).fetchone()
    return (row[0], row[1]) if row else None


def _text_of(version: Row, row: Row) -> Article:
    """A version as it was read: with what its mark says, and without what joining made of it."""
    return Article(
        row["url"], version["headline"], paragraphs_of(version["body"]), TextBasis(version["text_basis"]),
        version["extractor"] or row["extractor"], deck=version["deck"], mark=version["mark"],
        relation=marked_relation(version["mark"], version["relation"]),
    )  # fmt: skip


def paragraphs_of(body: str | None) -> tuple[str, ...]:
    """The paragraphs of a stored text."""
    return tuple(body.split("\n\n")) if body else ()


def marked_relation(mark: str | None, stored: str) -> Relation:
    """What a printed mark says; the stored relation where no rule reads it any more."""
    if mark is None:
        return Relation.ORIGINAL
    read = read_mark(f"{mark}: x") or read_line_mark(mark)
    if read:
        return read.mark.relation
    return Relation(stored) if stored in (Relation.UPDATE, Relation.CORRECTION) else Relation.ORIGINAL


def _hanging(conn: sqlite3.Connection, article_id: int) -> list[tuple[str, Row]]:
    return [(table, each) for table in _BY_NUMBER for each in merges.children(conn, table, article_id)]


def _write_versions(conn: sqlite3.Connection, own: int, found: United, rows: Mapping[_Key, Row]) -> None:
    """Writes an article's versions anew, those from here under their ids."""
    free = itertools.count(1 + conn.execute("SELECT max(id) FROM versions").fetchone()[0])
    conn.execute(_LEAVE_SEARCH, {"id": own})
    for table in ("versions", "echoes"):
        conn.execute(f"DELETE FROM {table} WHERE article_id = ?", (own,))  # noqa: S608 (one of two names)
    before = None
    for number, (one, relation) in enumerate(found.versions, start=1):
        row = {name: value for name, value in rows[_key(one)].items() if name in _OF_VERSION}
        row_id = one.row_id if one.here and one.table == "versions" else next(free)
        added, removed = _counts(before, row)
        words = {"words_added": added, "words_removed": removed}
        row |= {"id": row_id, "article_id": own, "number": number, "relation": relation}
        merges.put(conn, "versions", row | words)
        before = row
    for one in found.echoes:
        row = {name: value for name, value in rows[_key(one)].items() if name in _OF_VERSION}
        merges.put(conn, "echoes", row | {"article_id": own})


def _key(one: Sighted) -> _Key:
    return one.here, one.table, one.row_id


def _counts(before: Row | None, row: Row) -> tuple[int, int]:
    old, new = ("\n".join(each[name] or "" for name in _TEXT) if each else "" for each in (before, row))
    return word_changes(old, new) if before else (count_words(new), 0)


def _hang(
    conn: sqlite3.Connection,
    own: int,
    found: United,
    hanging: list[tuple[bool, tuple[str, Row]]],
    rows: Mapping[_Key, Row],
) -> None:
    """Hangs quotations, pages and older readings on the versions by their new numbers."""
    numbers = {
        (one.here, rows[_key(one)]["number"]): number
        for number, (one, _) in enumerate(found.versions, start=1)
        if one.table == "versions"
    }
    for table in _BY_NUMBER:
        conn.execute(f"DELETE FROM {table} WHERE article_id = ?", (own,))  # noqa: S608 (our own names)
    pages: dict[tuple[str, str], Row] = {}
    for here, (table, row) in hanging:
        if table == "pages":
            pages.setdefault((row["fetched_at"], row["url"]), row)
        elif (here, row["version"]) in numbers:
            merges.put(conn, table, row | {"id": None, "version": numbers[here, row["version"]]})
    for (fetched_at, _), row in sorted(pages.items()):
        number = _read_of(found, datetime.fromisoformat(fetched_at))
        merges.put(conn, "pages", row | {"id": None, "version": number})


def _read_of(found: United, fetched_at: datetime) -> int | None:
    """The version that was read of a page: it is fetched just before; None when it said nothing new."""
    numbers = {one: number for number, (one, _) in enumerate(found.versions, start=1)}
    after = [
        one
        for one in (*numbers, *found.echoes)
        if one.seen_at >= fetched_at and one.article.text_basis is TextBasis.PAGE
    ]
    return numbers.get(min(after, key=lambda one: one.seen_at)) if after else None


def _show_newest(conn: sqlite3.Connection, found: United, here: Row, there: Row) -> None:
    """The article shows its newest version; what that does not know, the other collector may."""
    newest, relation = found.versions[-1]
    shown, other = (here, there) if newest.here else (there, here)
    first = min(here, there, key=lambda each: (each["first_seen_at"], each["published_at"] or ""))
    row = {
        name: other[name] if value is None and name in _TOLD_BEFORE else value
        for name, value in shown.items()
        if name not in _OWN
    }
    row |= {"relation": relation, "versions": len(found.versions)}
    row["published_at"] = first["published_at"] or row["published_at"] or other["published_at"]
    merges.change(conn, "articles", here["id"], row)


#: Superseded texts are in the search index under their numbers (migration 0002).
_LEAVE_SEARCH = """
INSERT INTO versions_fts (versions_fts, rowid, headline, deck, body)
SELECT 'delete', id, searchable(headline), searchable(deck), searchable(body)
FROM superseded_versions WHERE article_id = :id
"""
