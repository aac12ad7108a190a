"""Which story an article belongs to, as what, and why. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator.model import Match, Relation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aggregator.model import Article, Candidate


def match_article(article: Article, candidates: Sequence[Candidate]) -> Match | None:
    """The story of the oldest candidate, all of which carry the same text; None without a candidate.

    The same text in another outlet is a copy, in the same outlet a repeat; a printed mark says more.
    """
    if not candidates:
        return None
    first = candidates[0]
    relation = article.relation
    if relation is Relation.ORIGINAL:
        repeated = any(each.outlet == article.outlet for each in candidates)
        relation = Relation.REPEAT if repeated else Relation.COPY
    return Match(first.story_id, first.article_id, relation, "equal text", 1.0)
