"""What a new reading is to the article it belongs to: nothing new, a version, or its end. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from aggregator.fingerprint import text_hash
from aggregator.match.changes import same_words
from aggregator.model import Relation, Status, TextBasis

if TYPE_CHECKING:
    from aggregator.model import Article, Known

#: From the best to the poorest.
_BASES = tuple(TextBasis)
_SHORT_BASES = (TextBasis.FEED_SUMMARY, TextBasis.TITLE)


class Verdict(StrEnum):
    """What a new reading of a known article is."""

    SAME = "same"  # the words of the newest version, or fewer of them
    VERSION = "version"
    KILL = "kill"


def judge_reading(known: Known, article: Article, *, own: bool) -> Verdict:
    """What a reading is to the article it belongs to.

    A kill is final. A poorer reading (the page failed, the feed's summary is left) replaces a richer one only
    when it prints a correction. The summaries of two feeds differ for one page: only the summary of the
    article's own entry makes a version. What nobody wrote (counters, letters read wrongly) makes none.

    Args:
        known: the stored article with its newest version.
        article: the new reading.
        own: whether the reading's entry is tied to the article already.
    """
    if known.status is Status.CANCELED:
        return Verdict.SAME
    if article.relation is Relation.KILL:
        return Verdict.KILL
    if text_hash(article) == known.text_hash:
        return Verdict.SAME
    step = _BASES.index(article.text_basis) - _BASES.index(known.text_basis)
    if step == 0 and not own and article.text_basis in _SHORT_BASES:
        return Verdict.SAME
    corrected = article.relation is Relation.CORRECTION  # it may be about a number
    poorer = step > 0 or same_words(_text(known), _text(article))
    return Verdict.SAME if poorer and not corrected else Verdict.VERSION


def _text(shown: Known | Article) -> str:
    return "\n".join(part or "" for part in (shown.headline, shown.deck, shown.body))


def version_relation(known: Known, article: Article) -> Relation:
    """The relation of a new version: as marked; unmarked an update, unless only our reading got richer."""
    if article.relation is not Relation.ORIGINAL:
        return article.relation
    richer = _BASES.index(article.text_basis) < _BASES.index(known.text_basis)
    return known.relation if richer else Relation.UPDATE


def reread_relation(stored: Relation, number: int, article: Article) -> Relation:
    """The relation of a version that was read again: the agency has done nothing since.

    As marked. Where a mark was seen and no longer is, the first version is the original and a later one an
    update; what joining found (copy, repeat) stays.
    """
    if article.relation is not Relation.ORIGINAL:
        return article.relation
    if stored in (Relation.UPDATE, Relation.CORRECTION):
        return Relation.ORIGINAL if number == 1 else Relation.UPDATE
    return stored
