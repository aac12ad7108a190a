"""Which of a page's titles is its headline: JSON-LD's, a heading, the shared one, the window's. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from aggregator.extract.page import text_of
from aggregator.text import fold_spaces, normal_form, one_line
from aggregator.urls import web_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aggregator.extract.page import Page

#: What stands between a headline and the outlet's name.
_SPLIT = re.compile(r"\s+[|\-–—·•»:*]+\s+|\s*[|｜»：]\s*")
_LONGEST = 400
#: Of titles and headings so much is read.
_LONGEST_READ, _MOST_HEADINGS = 1_000, 50
#: Two titles that share so many of their pairs of letters (Dice) tell the same in other words.
_ALIKE = 0.6
#: An address tells the headline by three words or more. A title with hardly any of them gives way to one with
#: most of them: it is the outlet's name or a rubric's.
_LEAST_WORDS, _HARDLY, _MOST = 3, 0.25, 0.6
#: As German addresses are written.
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
#: ``.html`` and its like.
_ENDING = re.compile(r"\.[a-zA-Z]{2,5}$")
_ELLIPSES = ("...", "…")


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a headline besides the page's own titles."""

    linked: str | None  # as JSON-LD has it
    names: frozenset[str]  # of the outlet, closed up
    preferred: str | None = None  # which evidence the outlet's rule trusts
    told: str | None = None  # the feed's headline


def read_headline(page: Page, known: Known) -> str | None:
    """The one the feed tells, else JSON-LD's, else the heading others agree with, else what is shared.

    The outlet's own name is none, though it be printed as a heading.
    """
    titles = islice(page.root.iter("h1"), _MOST_HEADINGS)
    printed = [text for h1 in titles if (text := one_line(text_of(h1)[:_LONGEST_READ]))]
    headings = [text for text in printed if closed_up(text) not in known.names | {""}]
    window = fold_spaces((page.root.findtext(".//title") or "")[:_LONGEST_READ])
    linked = _bare(one_line(known.linked), known.names, headings)
    shared = _bare(page.meta_first("og:title", "twitter:title"), known.names, headings)
    title = _bare(window, known.names, headings)
    agreed = _agreed(headings, [text for text in (linked, shared, title) if text])
    by_name = {"json-ld": linked, "og:title": shared, "h1": next(iter([*agreed, *headings]), None)}
    kicked = shared if linked and shared and linked.endswith(f": {shared}") else None
    candidates = (by_name.get(known.preferred or ""), kicked, linked, *agreed, shared, *headings, title)
    fit = [text for text in (*candidates, *printed) if text and len(text) <= _LONGEST]
    fit.sort(key=lambda text: not closed_up(text))  # signs alone are a menu's or a logo
    form = closed_up(known.told)
    if form and (told := next((text for text in fit if closed_up(text) == form), None)):
        return told
    told_by = (linked, shared, *dict.fromkeys(headings))
    return _whole(_named(fit, told_by, window, page.url), fit) if fit else None


def closed_up(text: str | None) -> str:
    """A name's or title's words without what is between them."""
    return normal_form(text).replace(" ", "")


def _agreed(headings: Sequence[str], others: Sequence[str]) -> list[str]:
    """The headings that some other source has: as they are, then within it, then in much the same words."""
    forms = [form for other in others if (form := normal_form(other))]
    ranked: list[tuple[int, str]] = []
    for heading in headings:
        form = normal_form(heading)
        if form in forms:
            ranked.append((0, heading))
        elif form and any(form in other for other in forms):
            ranked.append((1, heading))
        elif any(_alike(form, other) for other in forms) and not any(other in form for other in forms):
            ranked.append((2, heading))  # a heading that holds more than the others holds a rubric too
    return [heading for _, heading in sorted(ranked, key=lambda pair: pair[0])]


def _alike(one: str, other: str) -> bool:
    mine, theirs = set(pairwise(one)), set(pairwise(other))
    return 2 * len(mine & theirs) > _ALIKE * (len(mine) + len(theirs))


def _bare(title: str | None, names: frozenset[str], headings: Sequence[str]) -> str | None:
    """The title without the outlet's name after it (or before); a heading tells where it ends."""
    title = (title or "")[:_LONGEST_READ]
    parts = list(_SPLIT.finditer(title))
    if not parts:
        return title or None
    forms = {closed_up(heading) for heading in headings}
    for part in parts:
        before = title[: part.start()]
        if closed_up(before) in forms or closed_up(title[part.end() :]) in names:
            return before
    return title[parts[0].end() :] if closed_up(title[: parts[0].start()]) in names else title


def _named(fit: Sequence[str], told: Sequence[str | None], window: str, url: str) -> str:
    """The first title; when the window's title ends with it and the address spells the rest, that rest.

    Then it is the outlet's name or a rubric's, printed as a heading; but not when two sources tell it.
    """
    title = fit[0]
    if sum(closed_up(one) == closed_up(title) for one in told) > 1:
        return title
    words = _address_words(url)
    parts = list(_SPLIT.finditer(window))
    if len(words) < _LEAST_WORDS or not parts or closed_up(window[parts[-1].end() :]) != closed_up(title):
        return title
    rest = window[: parts[-1].start()]
    if len(rest) > _LONGEST:
        return title
    return rest if _share(words, title) <= _HARDLY and _share(words, rest) >= _MOST else title


def _address_words(url: str) -> frozenset[str]:
    """The words of the part of an address's path that has most of them."""
    address = urlsplit(web_url(url) or "").path
    parts = (_ENDING.sub("", unquote(part)) for part in address.split("/"))
    return max((frozenset(_words(part)) for part in parts), key=len, default=frozenset())


def _share(words: frozenset[str], title: str) -> float:
    """How many of the words a title has, 0 to 1."""
    return len(words & {*_words(title), *_words(title.casefold().translate(_UMLAUTS))}) / len(words)


def _words(text: str) -> Iterator[str]:
    """The words of a text without accents and numbers."""
    plain = unicodedata.normalize("NFKD", text.replace("_", "-"))
    bare = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return (word for word in normal_form(bare).split() if not word.isdigit())


def _whole(title: str, others: Sequence[str]) -> str:
    """The title, or the longer one of which it is the beginning and an ellipsis."""
    if not title.endswith(_ELLIPSES):
        return title
    start = normal_form(title)
    return next(
        (one for one in others if len(one) > len(title) and normal_form(one).startswith(start)), title
    )
