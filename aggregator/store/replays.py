"""What is stored, in the order in which it was seen; and what playing it again came to, written down.

Each function runs inside its caller's transaction.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aggregator.fingerprint import fingerprint_of
from aggregator.model import Article, Dateline, Match, Notice, Relation, Status, TextBasis
from aggregator.store import merges
from aggregator.store.rows import moment
from aggregator.store.shared import marked_relation, paragraphs_of
from aggregator.text import digest, normal_form

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from aggregator.store.merges import Row


@dataclass(frozen=True, slots=True)
class Sight:
    """One version as it came in; of a killed article without its text."""

    article_id: int
    number: int
    at: datetime
    article: Article
    relation: Relation  # of the version, as it is stored
    killed: bool  # the article is, now
    ends_it: bool  # this version is the tombstone


def sights(conn: sqlite3.Connection) -> Iterator[Sight]:
    """All versions in the order in which one collector would have written them down.

    Within a second: what feeds say by themselves before what pages say, then by time of publication.
    """
    for (number,) in conn.execute(_IN_ORDER).fetchall():
        [row] = merges.rows_of(conn, _SIGHT, (number,))
        killed = row["status"] == Status.CANCELED
        yield Sight(
            row["article_id"], row["number"], datetime.fromisoformat(row["seen_at"]),
            _article(row, Status.USABLE if killed else Status(row["status"])), Relation(row["relation"]),
            killed, killed and row["number"] == row["versions"] and row["text_hash"] == b"",
        )  # fmt: skip


def _article(row: Row, status: Status) -> Article:
    relation = marked_relation(row["mark"], row["relation"])
    if row["relation"] == Relation.KILL:
        relation = Relation.KILL
    found = Article(
        row["url"], row["headline"], paragraphs_of(row["body"]), TextBasis(row["text_basis"]),
        row["extractor"] or "stored", row["outlet"], row["agency"], deck=row["deck"],
        dateline=Dateline("", "stored", place=row["place"]) if row["place"] else None,
        published_at=moment(row["published_at"]), updated_at=moment(row["updated_at"]), status=status,
        relation=relation, mark=row["mark"], slug=row["slug"], item_id=row["item_id"],
    )  # fmt: skip
    return replace(found, fingerprint=fingerprint_of(found)) if found.paragraphs else found


@dataclass(frozen=True, slots=True)
class Given:
    """A join as it is stored, between articles of which one is killed: it cannot be judged again."""

    other_article_id: int
    match: Match  # its story is to be filled in


def given_join(conn: sqlite3.Connection, article_id: int) -> Given | None:
    """The join of a killed article, or to one; the earliest where several collectors made one."""
    row = conn.execute(_GIVEN, {"id": article_id}).fetchone()
    if row is None:
        return None
    other, rule, score, evidence = row
    told = tuple(json.loads(evidence).items()) if evidence else ()
    return Given(other, Match(0, other, Relation.COPY, rule, score, told))


def killed_texts(conn: sqlite3.Connection, article_id: int) -> list[bytes]:
    """The digests of a killed article's texts."""
    rows = conn.execute(
        "SELECT DISTINCT body_hash FROM kills WHERE article_id = ? AND body_hash IS NOT NULL ORDER BY 1",
        (article_id,),
    )
    return [found for (found,) in rows]


def haunt(conn: sqlite3.Connection, article_id: int, hashes: list[bytes], at: str) -> None:
    """Lets a killed article be found by its texts' digests until its kill comes."""
    for number, each in enumerate(hashes, start=_GHOSTLY):
        row = {"article_id": article_id, "number": number, "seen_at": at, "relation": "original"}
        merges.put(conn, "versions", row | {"text_basis": "title", "text_hash": b"", "body_hash": each})


def notice_of(
    conn: sqlite3.Connection, sight: Sight, among: sqlite3.Connection, since: datetime
) -> Notice | None:
    """What a notice names; its headlines as far as they stand ``among`` what came since then."""
    article_id, article = sight.article_id, sight.article
    rows = [row for row in merges.children(conn, "kills", article_id) if row["body_hash"] is None]
    if not rows:
        return None
    wanted = {row["headline_hash"] for row in rows} - {None}
    heads = [
        headline
        for (headline,) in (among.execute(_HEADLINES, (since.timestamp() * 1000,)) if wanted else ())
        if digest(normal_form(headline)) in wanted
    ]
    item_ids, slugs, urls = (
        tuple(row[name] for row in rows if row[name] is not None)
        for name in ("item_id", "slug", "canonical_url")
    )
    return Notice(article.outlet, article.agency, item_ids, slugs, urls, tuple(dict.fromkeys(heads)))


def copy_kills(
    conn: sqlite3.Connection, article_id: int, to: sqlite3.Connection, as_id: int, *, slugs: bool = True
) -> None:
    """Gives an article in another file the rows of ``kills`` that it has here and not there."""
    known = [_kill_key(row) for row in merges.children(to, "kills", as_id)]
    for row in merges.children(conn, "kills", article_id):
        if _kill_key(row) not in known and (slugs or row["slug"] is None):
            merges.put(to, "kills", row | {"id": None, "article_id": as_id})


def _kill_key(row: Row) -> tuple[Any, ...]:
    return tuple(value for name, value in row.items() if name not in ("id", "article_id", "at"))


#: Numbers of versions that no article reaches.
_GHOSTLY = 100_000
_IN_ORDER = """
SELECT v.id FROM versions AS v JOIN articles AS a ON a.id = v.article_id
ORDER BY v.seen_at, a.text_basis = 'page', a.id / 1000, a.canonical_url, a.id, v.number
"""
_SIGHT = """
SELECT v.article_id, v.number, v.seen_at, v.relation, v.mark, v.headline, v.deck, v.body, v.text_basis,
       v.extractor, v.text_hash, a.url, a.outlet, a.agency, a.place, a.published_at, a.updated_at, a.status,
       a.slug, a.item_id, a.versions
FROM versions AS v JOIN articles AS a ON a.id = v.article_id WHERE v.id = ?
"""
_GIVEN = """
SELECT j.other_article_id, j.rule, j.score, j.evidence FROM joins AS j
JOIN articles AS a ON a.id = j.article_id JOIN articles AS b ON b.id = j.other_article_id
WHERE j.article_id = :id AND j.undone_at IS NULL AND 'canceled' IN (a.status, b.status)
ORDER BY j.at, j.rule, j.id LIMIT 1
"""
_HEADLINES = """
SELECT headline FROM articles WHERE id >= ? AND headline IS NOT NULL AND status <> 'canceled'
"""
