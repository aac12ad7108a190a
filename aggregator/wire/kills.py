"""Kill notices: which texts they name, by kills.toml. Pure."""

from __future__ import annotations

import functools
import re

from aggregator.model import Article, Notice
from aggregator.text import fold_spaces, words_of
from aggregator.wire.agencies import agency_of_domain, read_data
from aggregator.wire.slugs import read_slug

#: So much of a notice is read; it is a few lines, and what follows may be the withdrawn text itself.
_REACH = 4_000
#: Names of one sort in one notice; a list of more is no notice.
_MOST_NAMES = 20
#: A headline of fewer words may be that of another story.
_LEAST_WORDS = 3
_LONGEST_REASON = 200


def read_notice(article: Article) -> Notice:
    """What a kill notice names: ids, slugs and addresses, and the headline it stands before or quotes."""
    text = "\n".join(filter(None, (article.headline, article.credit, *article.paragraphs)))[:_REACH]
    found: dict[str, list[str]] = {"headline": [], "item_id": [], "slug": [], "url": []}
    for pattern in _names():
        for hit in pattern.finditer(text):
            for name, value in hit.groupdict().items():
                found[name].append(value)
    slugs = [named.slug for named in map(read_slug, found["slug"]) if named and named.slug]
    return Notice(
        outlet=article.outlet,
        agency=article.agency,
        item_ids=_few(article.item_id, *found["item_id"]),
        slugs=_few(article.slug, *slugs),
        urls=_few(*found["url"]),
        headlines=tuple(
            each for each in _few(article.headline, *found["headline"]) if len(words_of(each)) >= _LEAST_WORDS
        ),
    )


def reason_of(mark: str | None) -> str | None:
    """A kill's mark as a tombstone shows it: without what it quotes, which may be the withdrawn headline."""
    if mark is None:
        return None
    return fold_spaces(_quoted().sub("…", mark[:_LONGEST_REASON]))


def same_house(one: str | None, other: str | None) -> bool:
    """Whether two hosts are one outlet, or both the same agency's own."""
    owner = agency_of_domain(one)
    return one == other or (owner is not None and owner == agency_of_domain(other))


def _few(*names: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, names)))[:_MOST_NAMES]


@functools.cache
def _names() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(row["pattern"], re.VERBOSE) for row in read_data("kills.toml")["names"])


@functools.cache
def _quoted() -> re.Pattern[str]:
    return re.compile(read_data("kills.toml")["quoted"], re.VERBOSE)
