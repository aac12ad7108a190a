"""Which story an article belongs to, as what, and why: rules in the order in which they are tried. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator.match.items import marked_update, same_item, same_slug
from aggregator.model import Match, Relation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aggregator.model import Article, Candidate


def match_article(article: Article, candidates: Sequence[Candidate]) -> Match | None:
    """The story of the first rule that finds one; None when none does.

    Args:
        article: the new one.
        candidates: stored articles that share something with it, the oldest first.
    """
    return next(filter(None, (rule(article, candidates) for rule in _RULES)), None)


def equal_text(article: Article, candidates: Sequence[Candidate]) -> Match | None:
    """The story of the oldest candidate that carries the same text.

    The same text in another outlet is a copy, in the same outlet a repeat; a printed mark says more.
    """
    equals = [each for each in candidates if each.equal]
    if not equals:
        return None
    relation = article.relation
    if relation is Relation.ORIGINAL:
        repeated = any(each.outlet == article.outlet for each in equals)
        relation = Relation.REPEAT if repeated else Relation.COPY
    return Match(equals[0].story_id, equals[0].article_id, relation, "equal text", 1.0)


_RULES: tuple[Callable[[Article, Sequence[Candidate]], Match | None], ...] = (
    same_item,
    same_slug,
    equal_text,
    marked_update,
)
