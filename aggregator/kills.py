"""A kill honoured: the text it names goes, and its versions under other URLs; copies elsewhere are flagged.

Inside the caller's transaction. A kill reaches only its own outlet, or the agency's own outlets; what others
carry is theirs to take down, and is flagged. A notice that finds nothing is kept as what it is, and what it
names is remembered for a text that comes after it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aggregator.match import Verdict
from aggregator.model import Match, Relation, Status
from aggregator.store import articles, furniture
from aggregator.store import kills as stored
from aggregator.wire.kills import read_notice, reason_of, same_house

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime

    from aggregator.model import Article, Known, Notice
    from aggregator.store.kills import Past, Stored


def honour_kill(
    conn: sqlite3.Connection,
    notice: Article,
    known: Known | None,
    now: datetime,
    names: Notice | None = None,
) -> tuple[int, str]:
    """Does what a kill asks for, whether it stands in the killed text's place or is a notice of its own.

    Args:
        conn: inside a transaction.
        notice: the kill as it was read.
        known: the article in whose place it stands.
        now: when it was seen.
        names: what it names, where that was read before.

    Returns:
        The id of the article that is now the tombstone or the notice, and the verdict on the reading.
    """
    names, sent = names or read_notice(notice), _sent(notice, now)
    if known is not None:
        if known.status is Status.CANCELED:
            return known.article_id, Verdict.SAME
        stored.remember_notice(conn, known.article_id, names, sent)
        _cancel(conn, stored.articles_of(conn, [known.article_id]), notice.mark, now)
        return known.article_id, Verdict.KILL
    own, elsewhere = _named(conn, names, now)
    notice_id = _keep_notice(conn, notice, own, now)
    stored.remember_notice(conn, notice_id, names if not own else replace(names, slugs=()), sent)
    _withdraw(conn, own, elsewhere, notice.mark, now)
    return notice_id, "new"


def honour_again(conn: sqlite3.Connection, names: Notice, mark: str | None, now: datetime) -> None:
    """Does what a kill asks for that has found other texts before."""
    own, elsewhere = _named(conn, names, now)
    _withdraw(conn, own, elsewhere, mark, now)


def _named(conn: sqlite3.Connection, names: Notice, now: datetime) -> tuple[list[Stored], list[Stored]]:
    """What a notice means in its own house, and what bears its names elsewhere."""
    named = stored.named_by(conn, names, now)
    own = _one_story([each for each in named if same_house(each.outlet, names.outlet)], names)
    return own, [each for each in named if not same_house(each.outlet, names.outlet)]


def _withdraw(
    conn: sqlite3.Connection,
    own: Sequence[Stored],
    elsewhere: Sequence[Stored],
    mark: str | None,
    now: datetime,
) -> None:
    _cancel(conn, own, mark, now)
    for each in elsewhere:
        stored.flag_copy(conn, each.article_id, now)


def _sent(notice: Article, now: datetime) -> datetime:
    """When a notice was sent: some pages say they were changed before they were published."""
    told = [each for each in (notice.published_at, notice.updated_at) if each is not None and each <= now]
    return max(told, default=now)


def record_killed(conn: sqlite3.Connection, article: Article, now: datetime) -> int | None:
    """Stores a new article that a kill was about before it came; None when none was.

    In the outlet that killed it nothing of its text is stored; the very text in another is flagged.
    """
    past = stored.past_kills(conn, article, now)
    kill = next((each for each in past if _is_meant(article, each)), None)
    copied = next((each for each in past if each.why == "text"), None)
    if kill is not None:
        match = Match(kill.story_id, kill.article_id, Relation.KILL, f"killed {kill.why}", 1.0)
        article_id = articles.insert_article(conn, _bare(article), match, now)
        _cancel(conn, stored.articles_of(conn, [article_id]), None, now)
        return article_id
    if copied is not None:
        match = Match(copied.story_id, copied.article_id, Relation.COPY, "killed text", 1.0)
        article_id = articles.insert_article(conn, article, match, now)
        stored.flag_copy(conn, article_id, now)
        return article_id
    return None


def hold_named(conn: sqlite3.Connection, notice: Article, now: datetime) -> None:
    """Holds back what a HOLD under another URL names, until its own page says something else."""
    names = read_notice(notice)
    named = [each for each in stored.named_by(conn, names, now) if same_house(each.outlet, notice.outlet)]
    stored.withhold(conn, [each.article_id for each in _one_story(named, names)])


def _is_meant(article: Article, kill: Past) -> bool:
    """Whether a kill is about an article of its outlet: its very text, or a name it bore before the kill.

    What an agency sends after a kill under the same name is the substitute.
    """
    if not same_house(kill.outlet, article.outlet):
        return False
    return kill.why in ("text", "address") or (
        article.published_at is not None and article.published_at <= kill.at
    )


def _one_story(found: Sequence[Stored], names: Notice) -> list[Stored]:
    """What a notice means: a slug alone that names several stories names none of them."""
    if names.item_ids or names.urls or names.headlines or len({each.story_id for each in found}) == 1:
        return list(found)
    return []


def _cancel(conn: sqlite3.Connection, found: Sequence[Stored], mark: str | None, now: datetime) -> None:
    """Removes texts and the articles that are versions of them; flags what is left of the story."""
    ids = {each.article_id for each in found}
    for each in found:
        chain = stored.chain_of(conn, each.article_id)
        ids |= {other.article_id for other in chain if same_house(other.outlet, each.outlet)}
    for article_id in sorted(ids):
        known = articles.known_article(conn, article_id, None)
        if known is not None and known.status is not Status.CANCELED:
            stored.remember_texts(conn, article_id, now)
            furniture.forget_lines(conn, article_id)
            articles.cancel_article(conn, known, reason_of(mark), now)
    if ids:
        stored.settle_search(conn)
    for story_id in {each.story_id for each in found if each.relation != Relation.COPY}:
        stored.flag_copies(conn, story_id, now)


def _keep_notice(conn: sqlite3.Connection, notice: Article, found: Sequence[Stored], now: datetime) -> int:
    """The notice as an article: a tombstone in the story it ends, or by itself as what it is."""
    first = found[0] if found else None
    match = Match(first.story_id, first.article_id, Relation.KILL, "kill", 1.0) if first else None
    article_id = articles.insert_article(conn, _bare(notice, keep_headline=not found), match, now)
    if found:
        known = articles.known_article(conn, article_id, None)
        if known is not None:
            articles.cancel_article(conn, known, reason_of(notice.mark), now)
    return article_id


def _bare(article: Article, *, keep_headline: bool = False) -> Article:
    """The article without what it says; a notice that stands for itself keeps headline and desk's notes."""
    if keep_headline:
        return replace(
            article, status=Status.USABLE, paragraphs=(), deck=None, image_url=None, image_caption=None,
            image_credit=None, tags=(), quotes=(), fingerprint=None,
        )  # fmt: skip
    return replace(
        article, status=Status.USABLE, headline=None, deck=None, paragraphs=(), byline=None, dateline=None,
        credit=None, image_url=None, image_caption=None, image_credit=None, tags=(), quotes=(),
        fingerprint=None,
    )  # fmt: skip
