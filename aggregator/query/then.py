"""One article and its story as they were known at a time. Reads only.

A text that is killed now, or was under embargo then, does not come back this way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aggregator.query import reading
from aggregator.query.shown import SAID

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from aggregator.query.filter import ArticleRow, JoinRow, StoryRow, VersionRow


def article_then(conn: sqlite3.Connection, row: ArticleRow, as_of: str) -> ArticleRow | None:
    """The article in its text of that time (UTC text); None when it was not known yet."""
    if row.first_seen_at > as_of:
        return None
    if row.status == "canceled":
        return row
    row = row._replace(origin_killed_at=_then(row.origin_killed_at, as_of), gone_at=_then(row.gone_at, as_of))
    if row.status == "withheld" or (row.embargo_until or "") > as_of:
        said: dict[str, Any] = dict.fromkeys(SAID)
        return row._replace(status="withheld", **said)
    text = versions_then(conn, row.id, as_of)[-1]
    newest = text.number == row.versions
    return row._replace(
        relation=text.relation,
        mark=text.mark,
        headline=text.headline,
        deck=text.deck,
        body=text.body,
        text_basis=text.text_basis,
        versions=text.number,
        updated_at=row.updated_at if newest else None,
        word_count=row.word_count if newest else None,
    )


def versions_then(conn: sqlite3.Connection, article_id: int, as_of: str) -> tuple[VersionRow, ...]:
    """The texts of an article that were known at that time, the oldest first."""
    return tuple(each for each in reading.versions(conn, article_id) if each.seen_at <= as_of)


def joins_then(joins: Sequence[JoinRow], as_of: str) -> tuple[JoinRow, ...]:
    """The joins that held at that time."""
    return tuple(each._replace(undone_at=_then(each.undone_at, as_of)) for each in joins if each.at <= as_of)


def others_then(
    conn: sqlite3.Connection, found: ArticleRow, joins: Sequence[JoinRow], as_of: str
) -> tuple[ArticleRow, ...]:
    """The other articles of its story that were known, and joined to it, at that time."""
    joined = {
        number for each in joins_then(joins, as_of) for number in (each.article_id, each.other_article_id)
    }
    rows = (article_then(conn, each, as_of) for each in reading.copies(conn, found) if each.id in joined)
    return tuple(row for row in rows if row is not None)


def story_then(story: StoryRow, members: Sequence[ArticleRow], as_of: str) -> StoryRow:
    """The story of those articles, its counts, headline and outlets as they were."""
    known = {each.id for each in members}
    first = min(members, key=lambda each: (each.status == "canceled", each.id))
    return story._replace(
        headline=first.headline,
        agency=first.agency,
        first_article_id=first.id,
        first_seen_at=min(each.first_seen_at for each in members),
        last_seen_at=max(each.first_seen_at for each in members),
        articles=len(members),
        outlets=len({each.outlet for each in members if each.outlet}),
        relations=", ".join(sorted({each.relation for each in members})),
        coverage=reading.coverage_then((each for each in story.coverage if each.article_id in known), as_of),
    )


def _then(moment: str | None, as_of: str) -> str | None:
    return moment if moment and moment <= as_of else None
