"""What may be shown: which articles are held back now, and their rows without what they say.

An embargo ends by itself: each question compares with the clock of SQLite, so no program has to run at that
time, and whoever asks Datasette gets the same answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator.query.filter import ArticleRow

if TYPE_CHECKING:
    from collections.abc import Iterable

_NOW = "strftime('%Y-%m-%dT%H:%M:%SZ', 'now')"
#: A row ``a`` of articles whose text must not be shown now: on hold, or under an embargo that is not over.
HELD = f"""(a.status <> 'canceled'
    AND iif(a.embargo_until IS NULL, a.status = 'withheld', a.embargo_until > {_NOW}))"""
#: The same as it was at ``:as_of``; an embargo that holds now holds for every time asked about.
_HELD_THEN = f"""(a.status <> 'canceled'
    AND iif(a.embargo_until IS NULL, a.status = 'withheld', a.embargo_until > min(:as_of, {_NOW})))"""
#: The SELECT of the ids of held articles, through two small indexes: ended embargoes are not looked at.
IDS_HELD = f"""SELECT id FROM articles
    WHERE status <> 'usable' AND status = 'withheld' AND embargo_until IS NULL
    UNION ALL SELECT id FROM articles WHERE embargo_until > {_NOW} AND status <> 'canceled'"""  # noqa: S608 (our own words)
#: All that are not plainly usable, through indexes: few.
_UNUSUAL = """SELECT id FROM articles WHERE status <> 'usable'
    UNION ALL SELECT id FROM articles WHERE embargo_until IS NOT NULL
    UNION ALL SELECT id FROM articles WHERE origin_killed_at IS NOT NULL"""
#: The status of a row ``a`` now.
STATUS = f"CASE WHEN {HELD} THEN 'withheld' WHEN a.status = 'withheld' THEN 'usable' ELSE a.status END"
#: What an article says, which a held one does not.
SAID = frozenset(
    "headline deck byline dateline place body credit image_url image_caption image_credit".split()
)


def shown_columns(names: Iterable[str] = ArticleRow._fields) -> str:
    """Those columns of ``articles AS a``, without the words of a held article."""
    written = {name: f"iif({HELD}, NULL, a.{name})" for name in SAID} | {"status": STATUS}
    return ", ".join(written.get(name, f"a.{name}") for name in names)


def status_test(statuses: Iterable[str], *, searching: bool, then: bool) -> str:
    """The test of a row ``a`` for the statuses asked for, any of them.

    Without any, what is canceled or held is left out. A copy whose original was killed is listed with what is
    canceled, too. What a held text says cannot be searched, and is not known ``then``.
    """
    wanted = " OR ".join(_TESTS.get(each, _NONE) for each in statuses) or "a.status <> 'canceled'"
    if "withheld" in statuses and not (searching or then):
        return f"({wanted})"
    return f"({wanted}) AND NOT {_HELD_THEN if then else HELD}"


def ids_of_status(statuses: Iterable[str]) -> str:
    """The SELECT of the ids of statuses other than usable."""
    tests = " OR ".join(_TESTS.get(each, _NONE) for each in statuses)
    return f"SELECT a.id FROM articles AS a WHERE a.id IN ({_UNUSUAL}) AND ({tests})"  # noqa: S608 (our own words)


def ids_left_out(test: str) -> str:
    """The SELECT of the ids that fail a status test which passes all that is plainly usable."""
    return f"SELECT a.id FROM articles AS a WHERE a.id IN ({_UNUSUAL}) AND NOT ({test})"  # noqa: S608 (our own words)


#: A status that there is not, as an address may name, has no articles.
_NONE = "0"
_TESTS = {
    "usable": f"a.status <> 'canceled' AND NOT {HELD}",
    "withheld": HELD,
    "canceled": "a.status = 'canceled' OR a.origin_killed_at IS NOT NULL",
}
