"""What the readings of one article by several collectors come to, whoever is asked first. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aggregator.fingerprint import text_hash
from aggregator.match.readings import Verdict, judge_reading, version_relation
from aggregator.model import Known, Relation, Status, TextBasis

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from aggregator.model import Article

_BASES = tuple(TextBasis)


@dataclass(frozen=True, slots=True)
class Sighted:
    """One reading of an article: a version in some database, or a reading that was none."""

    seen_at: datetime
    entry: tuple[str, str] | None  # the URL of its feed, and its guid
    article: Article
    text_hash: bytes
    reread_at: str = ""
    table: str = "versions"  # where it is stored, under which id
    row_id: int = 0
    here: bool = True  # in the database that the others are merged into

    @property
    def key(self) -> tuple[datetime, tuple[str, str], str]:
        """By what two collectors mean one reading."""
        return self.seen_at, self.entry or ("", ""), self.article.text_basis


@dataclass(frozen=True, slots=True)
class United:
    """The versions of an article, each with its relation, and the readings that are none."""

    versions: tuple[tuple[Sighted, Relation], ...]
    echoes: tuple[Sighted, ...]


def unite(readings: Iterable[Sighted]) -> United:
    """The readings in the order of sight, each judged by the rule of a poll against the version before it.

    Of one reading that was read again since, the newest words count.
    """
    newest: dict[object, Sighted] = {}
    for each in readings:
        if each.key not in newest or _rank(newest[each.key]) < _rank(each):
            newest[each.key] = each
    ordered = sorted(newest.values(), key=_order)
    versions: list[tuple[Sighted, Relation]] = []
    echoes: list[Sighted] = []
    entries = set[tuple[str, str]]()
    for each in ordered:
        relation = _relation(versions, each, own=each.entry in entries)
        if relation is None:
            echoes.append(each)
        else:
            versions.append((each, relation))
        entries |= {each.entry} if each.entry else set()
    return United(tuple(versions), tuple(echoes))


def _rank(one: Sighted) -> tuple[str, bytes, str, bool]:
    return one.reread_at, one.text_hash, one.article.mark or "", one.here


def _order(one: Sighted) -> tuple[datetime, int, tuple[str, str], bytes]:
    return one.seen_at, _BASES.index(one.article.text_basis), one.entry or ("", ""), one.text_hash


def _relation(versions: list[tuple[Sighted, Relation]], one: Sighted, *, own: bool) -> Relation | None:
    """What a reading is after those versions; None when it is no version."""
    if not versions:
        return one.article.relation
    before, relation = versions[-1]
    text = before.article
    known = Known(
        0, 0, Status.USABLE, len(versions), text_hash(text), text.text_basis, relation,
        text.headline, text.deck, text.body or None,
    )  # fmt: skip
    if judge_reading(known, one.article, own=own) is not Verdict.VERSION:
        return None
    return version_relation(known, one.article)
