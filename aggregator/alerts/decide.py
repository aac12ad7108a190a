"""Which of the texts that came an alert speaks of, and why. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator.store.alerts import Change, Notice

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator


def decide(changes: Iterable[Change], matching: Collection[int], told: Collection[int]) -> Iterator[Notice]:
    """Yields what is to be said: a story once, then again of each correction and kill in it.

    A correction is told whether or not its text still matches: who was told the wrong thing must hear it.

    Args:
        changes: the texts that came, in their order.
        matching: the articles whose present text answers the question.
        told: the stories the alert has spoken of.
    """
    told = set(told)
    for each in changes:
        if each.story_id in told:
            if each.relation == "kill" or (each.relation == "correction" and _may_be_told(each)):
                yield Notice(each, each.relation)
        elif each.article_id in matching and _may_be_told(each):
            told.add(each.story_id)
            yield Notice(each, "new" if each.number == 1 else "match")


def _may_be_told(change: Change) -> bool:
    """Whether it may be told, now or when its embargo ends; withheld without a time, it waits for a text."""
    return change.status == "usable" or (change.status == "withheld" and change.embargo_until is not None)
