"""Versions of one piece of copy under new URLs: by the desk's own names for it, or by its mark. Pure.

Wrong joins are worse than missed ones: a slug alone proves nothing, and neither does a mark. A desk may use
one slug for all it sends on a subject, and two companies' results fit one template.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from aggregator.model import Match, Relation
from aggregator.text import normal_form, words_of
from aggregator.wire.agencies import agency_of_domain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from aggregator.model import Article, Candidate

#: The words of an opening that are compared, and how long one is to count: shorter ones are grammar.
_OPENING_WORDS = 120
_SHORTEST_WORD = 4
#: Shared words of two openings (Jaccard). Of 287 updates and 185 corrections of the near-duplicate set 5 %
#: share less than .25; different stories of one subject share less, those of one template may share more.
_SAME_SLUG_TEXT = 0.25
#: A slug without a take is used again the next day for the next day's news.
_SLUG_ALONE_WITHIN = timedelta(hours=20)
#: A marked text without a slug: words of both headlines and of both openings. Of the marked pairs of that
#: set 94 % pass and, with place, agency and first words equal, none of its 566 look-alikes does.
_SAME_HEADLINE = 0.6
_SAME_TEXT = 0.35
_MARKED = (Relation.UPDATE, Relation.CORRECTION)


def same_item(article: Article, candidates: Sequence[Candidate]) -> Match | None:
    """The story of the same item id of the same agency."""
    if article.item_id is None:
        return None
    found = [each for each in candidates if each.item_id == article.item_id and _same_agency(article, each)]
    return _joined(article, found, "same item id", 1.0)


def same_slug(article: Article, candidates: Sequence[Candidate]) -> Match | None:
    """The story of the same slug of the same agency, when the texts share words too."""
    if article.slug is None or article.agency is None:
        return None
    named = (each for each in candidates if _same_name(each.slug, article.slug))
    scored = [(text_likeness(article, each), each) for each in named if _same_agency(article, each)]
    near = [
        (score, each)
        for score, each in scored
        if score >= _SAME_SLUG_TEXT
        and (_is_marked(article, each) or _apart(article, each) <= _SLUG_ALONE_WITHIN)
    ]
    return _joined(
        article, [each for _, each in near], "same slug", max((score for score, _ in near), default=0)
    )


def marked_update(article: Article, candidates: Sequence[Candidate]) -> Match | None:
    """The story of the text that an update or correction belongs to, without any name they share.

    Agency, place and outlet (or the agency's own) are the same, headlines and openings near, and the first
    word of each headline stands in the other text. It works both ways: the original may come last.
    """
    found = []
    for each in candidates:
        if not (_is_marked(article, each) and _same_desk(article, each)):
            continue
        headline = headline_likeness(article.headline, each.headline)
        if headline < _SAME_HEADLINE or not _first_words_shared(article, each):
            continue
        text = text_likeness(article, each)
        if text >= _SAME_TEXT:
            found.append((min(headline, text), each))
    return _joined(
        article, [each for _, each in found], "marked update", max((one for one, _ in found), default=0)
    )


def text_likeness(article: Article, other: Candidate) -> float:
    """Shared words of the two openings, 0 to 1; of the headlines, where a text is missing."""
    ours, theirs = _opening(article.body), _opening(other.opening)
    if not ours or not theirs:
        return headline_likeness(article.headline, other.headline)
    return len(ours & theirs) / len(ours | theirs)


def headline_likeness(one: str | None, other: str | None) -> float:
    """Shared words of two headlines, 0 to 1."""
    ours, theirs = set(words_of(one)), set(words_of(other))
    return len(ours & theirs) / len(ours | theirs) if ours and theirs else 0.0


def _joined(article: Article, found: Sequence[Candidate], rule: str, score: float) -> Match | None:
    """The match with the newest of the candidates that is not newer than the article, else the oldest."""
    if not found:
        return None
    in_order = sorted(found, key=lambda each: (each.at, each.article_id))
    before = [each for each in in_order if article.published_at is None or each.at <= article.published_at]
    other = before[-1] if before else in_order[0]
    relation = _relation(article, found, earliest=not before)
    return Match(other.story_id, other.article_id, relation, rule, round(score, 3))


def _relation(article: Article, found: Iterable[Candidate], *, earliest: bool) -> Relation:
    """As marked; unmarked the first is the original, a new text of the same outlet an update, else a copy."""
    if article.relation is not Relation.ORIGINAL or earliest:
        return article.relation
    here = [each for each in found if each.outlet == article.outlet]
    if not here:
        return Relation.COPY
    return Relation.REPEAT if any(each.equal for each in here) else Relation.UPDATE


def _same_agency(article: Article, other: Candidate) -> bool:
    return article.agency is None or other.agency is None or article.agency == other.agency


def _same_desk(article: Article, other: Candidate) -> bool:
    """One agency, one place, and one outlet or the agency's own."""
    same = article.agency is not None and article.agency == other.agency
    place = article.dateline.place if article.dateline else None
    outlets = article.outlet == other.outlet or article.agency in (
        agency_of_domain(article.outlet),
        agency_of_domain(other.outlet),
    )
    return same and outlets and _same_name(place, other.place)


def _same_name(one: str | None, other: str | None) -> bool:
    return normal_form(one) == normal_form(other)


def _is_marked(article: Article, other: Candidate) -> bool:
    """Whether the later of the two bears the mark of an update or correction."""
    later = article.relation if _is_later(article.published_at, other.at) else other.relation
    return later in _MARKED


def _is_later(ours: datetime | None, theirs: datetime) -> bool:
    return ours is None or ours >= theirs


def _apart(article: Article, other: Candidate) -> timedelta:
    return abs(article.published_at - other.at) if article.published_at else timedelta(0)


def _first_words_shared(article: Article, other: Candidate) -> bool:
    """Whether the first word of each headline stands in the other text: whom the story is about."""
    ours, theirs = words_of(article.headline), words_of(other.headline)
    if not ours or not theirs:
        return False
    our_words = {*ours, *words_of(article.body)}
    return theirs[0] in our_words and ours[0] in {*theirs, *words_of(other.opening)}


def _opening(text: str | None) -> set[str]:
    """The distinct longer words of the beginning; single characters of scripts without spaces count too."""
    words = words_of(text)[:_OPENING_WORDS]
    return {word for word in words if len(word) >= _SHORTEST_WORD or not word.isascii()}
