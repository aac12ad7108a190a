"""The rules of joining and of kills played again over all that is stored, in the order in which it was seen.

Played by the very code of a poll, in a file of its own: what comes out is what one collector would have that
had seen all of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from aggregator.kills import honour_again, honour_kill, record_killed
from aggregator.match import Nearby, match_article, version_relation
from aggregator.model import Match, Relation, Status
from aggregator.shares import rows_of, share
from aggregator.store import articles, kills, replays, sketches, splits, stories
from aggregator.store.rows import stamp

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from aggregator.model import Article, Known, Notice
    from aggregator.store.replays import Sight


@dataclass(slots=True)
class Play:
    """What is played: a file's rows, and the file in which they are played again."""

    stored: sqlite3.Connection
    again: sqlite3.Connection
    there: dict[int, int] = field(default_factory=dict)  # ids of articles to those in the file played in
    here: dict[int, int] = field(default_factory=dict)  # and back
    ghosts: set[int] = field(default_factory=set)  # that were killed before
    given: set[int] = field(default_factory=set)  # those of them whose joins are taken as they are


def play(stored: sqlite3.Connection, again: sqlite3.Connection, told: Callable[[int], None]) -> Play:
    """Plays all that is stored in an empty file.

    Args:
        stored: the database; only read.
        again: the empty file; inside a transaction.
        told: hears of each version.
    """
    found, before = Play(stored, again), None
    for sight in replays.sights(stored):
        if before is not None and before != sight.at:
            sketches.forget_sketches(again, before)  # as at the end of a round
        before = sight.at
        _see(found, sight)
        told(1)
    return found


def _see(play: Play, sight: Sight) -> None:
    if sight.number > 1:
        _see_again(play, sight)
        return
    if sight.killed:
        number = _see_ghost(play, sight)
    elif sight.article.relation is Relation.KILL:
        number = _see_notice(play, sight)
    else:
        number = record_killed(play.again, sight.article, sight.at) or _see_new(play, sight)
    play.there[sight.article_id], play.here[number] = number, sight.article_id


# ---------------------------------------------------------------- articles


def _see_new(play: Play, sight: Sight) -> int:
    """Records an article as a poll would; no rule joins it to what an editor took it apart from."""
    conn, article, now = play.again, sight.article, sight.at
    apart = {
        _story_of(conn, play.there[each])
        for each in splits.parted_from(play.stored, sight.article_id)
        if each in play.there
    }
    nearby = sketches.nearby(conn, article, now)
    nearby = replace(nearby, texts=tuple(each for each in nearby.texts if each.story_id not in apart))
    named = [each for each in stories.candidates(conn, article, now) if each.story_id not in apart]
    match = match_article(article, named, nearby)
    if match is None or match.rule == "near text":
        match = _given(play, sight) or match
    number = articles.insert_article(conn, article, match, now)
    _note_verbatim(play, number, article, match)
    sketches.keep_sketch(conn, (number, match.story_id if match else number), article, nearby, now)
    return number


def _story_of(conn: sqlite3.Connection, number: int) -> int:
    return int(conn.execute("SELECT story_id FROM articles WHERE id = ?", (number,)).fetchone()[0])


def _given(play: Play, sight: Sight) -> Match | None:
    """The stored join to a killed article, or of one."""
    given = replays.given_join(play.stored, sight.article_id)
    if given is None or given.other_article_id not in play.there:
        return None
    other = play.there[given.other_article_id]
    relation = sight.relation if sight.relation is not Relation.ORIGINAL else Relation.COPY
    return replace(
        given.match, story_id=_story_of(play.again, other), other_article_id=other, relation=relation
    )


def _note_verbatim(play: Play, number: int, article: Article, match: Match | None) -> None:
    """Of a text equal to a killed one the share is known though that one is gone."""
    if match and match.rule == "equal text" and play.here[match.other_article_id] in play.ghosts:
        rows = rows_of(article.body)
        found = share(rows, rows)
        play.again.execute(
            "UPDATE joins SET verbatim = ? WHERE article_id = ?",
            (round(found.own, 3) if found else None, number),
        )


def _see_again(play: Play, sight: Sight) -> None:
    """Records a later version, or the kill that is the last one."""
    conn = play.again
    known = articles.known_article(conn, play.there[sight.article_id], None)
    if known is None or known.status is Status.CANCELED:
        return
    if sight.ends_it:
        _end(play, sight, known)
    elif not sight.killed:
        articles.add_version(conn, known, sight.article, version_relation(known, sight.article), sight.at)
        text = Nearby(sketches.sketch_article(conn, sight.article))
        sketches.keep_sketch(conn, (known.article_id, known.story_id), sight.article, text, sight.at)


# ---------------------------------------------------------------- kills


def _see_ghost(play: Play, sight: Sight) -> int:
    """Records an article that is killed now: without its text, found by the digest of it until its kill."""
    conn = play.again
    play.ghosts.add(sight.article_id)
    hashes = replays.killed_texts(play.stored, sight.article_id)
    given = _given(play, sight)
    play.given |= {sight.article_id} if given else set()
    match = given or _match_ghost(conn, hashes, sight)
    number = articles.insert_article(
        conn, replace(sight.article, relation=Relation.ORIGINAL), match, sight.at
    )
    replays.haunt(conn, number, hashes, stamp(sight.at) or "")
    return number


def _match_ghost(conn: sqlite3.Connection, hashes: list[bytes], sight: Sight) -> Match | None:
    for each in hashes:
        found = stories.equal_texts(conn, each, sight.at)
        if found:
            article_id, story_id = found[0]
            return Match(story_id, article_id, Relation.COPY, "equal text", 1.0)
    return None


def _end(play: Play, sight: Sight, known: Known) -> None:
    """The kill of an article; what its notice names besides goes too."""
    conn = play.again
    [killed] = kills.articles_of(conn, [known.article_id])
    articles.cancel_article(conn, known, sight.article.mark, sight.at)
    replays.copy_kills(play.stored, sight.article_id, conn, known.article_id)
    if killed.relation != Relation.COPY:
        kills.flag_copies(conn, known.story_id, sight.at)
    names = _names(play, sight)
    if names:
        honour_again(conn, names, sight.article.mark, sight.at)


def _see_notice(play: Play, sight: Sight) -> int:
    """A notice that stood for itself where it was seen: here it may find what it names."""
    names = _names(play, sight)
    number, _ = honour_kill(play.again, sight.article, None, sight.at, names)
    # A slug has done its work with the text it named; what else it names may still come.
    alone = articles.is_kept(play.again, number)
    replays.copy_kills(play.stored, sight.article_id, play.again, number, slugs=alone)
    return number


def _names(play: Play, sight: Sight) -> Notice | None:
    return replays.notice_of(play.stored, sight, play.again, sight.at - kills.WINDOW)
