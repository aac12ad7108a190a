"""Which story an article belongs to, as what, and why. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aggregator.match.items import marked_update, same_item, same_slug
from aggregator.match.near import Near, judge_near
from aggregator.model import Match, Relation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aggregator.model import Article, Candidate
    from aggregator.sketch import Sketch

#: What `show` tells of a near text; other signs speak only together with these.
_SHOWN = ("contained", "numbers", "headline_most", "headline_least", "elsewhere")


@dataclass(frozen=True, slots=True)
class Nearby:
    """Stored texts that share words in a row with a new one."""

    sketch: Sketch  # of the new one
    texts: tuple[Near, ...] = ()
    crowded: frozenset[int] = frozenset()  # shingles that so many texts share that they tell nothing


def match_article(
    article: Article, candidates: Sequence[Candidate], nearby: Nearby | None = None
) -> Match | None:
    """The story of the first rule that finds one; None when none does.

    Args:
        article: the new one.
        candidates: stored articles that share a name, a text, or agency and place with it, the oldest first.
        nearby: those that share words in a row.
    """
    return (
        same_item(article, candidates)
        or same_slug(article, candidates)
        or equal_text(article, candidates)
        or marked_update(article, candidates)
        or (near_text(article, nearby) if nearby else None)
    )


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


def near_text(article: Article, nearby: Nearby) -> Match | None:
    """The story of the text that weighed evidence says is the same one: cut, edited, mended or grown.

    In another outlet it is a copy, in the same outlet an update; a printed mark says more.
    """
    place = article.dateline.place if article.dateline else None
    new = Near(0, 0, article.outlet, place, article.mark is not None, nearby.sketch)
    judged = judge_near(new, nearby.texts)
    if judged is None:
        return None
    near, relation = judged.near, article.relation
    if relation is Relation.ORIGINAL:
        relation = Relation.UPDATE if near.outlet == article.outlet else Relation.COPY
    evidence = tuple((name, round(judged.evidence[name], 2)) for name in _SHOWN)
    return Match(near.story_id, near.article_id, relation, "near text", round(judged.score, 3), evidence)
