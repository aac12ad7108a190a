"""The caption of an article's lead image, and whom it credits. Pure; the words of credits are data."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import unquote

from aggregator.extract.blocks import names_of
from aggregator.extract.metadata import article_object
from aggregator.extract.page import text_of
from aggregator.extract.phrases import furniture, phrase_kind
from aggregator.text import fold_spaces, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element

    from aggregator.extract.page import Page

#: Figures that are looked at; the lead image's is among the first.
_MOST_FIGURES, _MOST_PARTS = 40, 60
#: Longer captions are texts, longer credits are captions.
_LONGEST_CAPTION, _LONGEST_CREDIT = 1_000, 150
#: The letters and digits of an image's file name that tell it from others.
_STEM = re.compile(r"[^\W_]{5,}")
#: Names of elements that hold an image's credit.
_CREDIT_NAMES = re.compile(r"credit|copyright|photograph|source\b|lic(?:ence|ense)?\b|author|byline")
#: Kinds of lines that stand in figures and are no captions.
_NO_CAPTION = frozenset(["byline", "dates", "share", "more", "advert"])
#: What stands around a credit.
_AROUND = " \t|–—-,;:/·"
#: A credit at a caption's end in brackets without a word that says so: (AP), (NOAA/SPC), (AP Photo/Ann Lee).
_BRACKETED = re.compile(r"\(( [^()]{2,60} )\)\s{0,3}$", re.VERBOSE)
_CAPITALS = re.compile(r"^(?:[A-Z]{2,12}\b[^a-z]{0,40}|[^/]{2,40}/[^/]{2,40}|.{0,30}\bvia\b.{2,30})")


@dataclass(frozen=True, slots=True)
class Picture:
    """What stands under an image."""

    caption: str | None = None
    credit: str | None = None


def read_picture(page: Page, image_url: str | None) -> Picture:
    """Caption and credit of the lead image: under its figure, else as JSON-LD has them."""
    for figure in _figures(page, image_url):
        if (shown := _shown(figure)) != Picture():
            return shown
    return _linked(page)


def _figures(page: Page, image_url: str | None) -> Iterator[_Element]:
    """The figures of that image; else the first one, when it stands in the article."""
    found = list(islice(page.root.iter("figure"), _MOST_FIGURES))
    known = _stems(image_url)
    own = [figure for figure in found if any(known & _stems(url) for url in _addresses(figure))]
    if own:
        return iter(own)
    return (
        one for one in found[:1] if any(above.tag in {"article", "main"} for above in one.iterancestors())
    )


def _addresses(figure: _Element) -> Iterator[str]:
    for image in islice(figure.iter("img", "source"), _MOST_PARTS):
        for name in ("src", "data-src", "srcset", "data-srcset"):
            yield image.get(name, "").partition(" ")[0]


def _stems(url: str | None) -> frozenset[str]:
    """The telling parts of an image's file name: 409956369, baker-school."""
    path = (url or "").partition("#")[0].partition("?")[0]  # as far as needed: a page's URL may be none
    name = unquote(path[-300:]).rpartition("/")[2].rpartition(".")[0]
    return frozenset(_STEM.findall(name))


def _shown(figure: _Element) -> Picture:
    """What a figure's caption element says; one with a byline, a time or a link's text is none."""
    element = next(figure.iter("figcaption"), None)
    if element is None or next(element.iter("time"), None) is not None:
        return Picture()
    part = next(filter(_names_credit, islice(element.iter(), _MOST_PARTS)), None)
    credit = one_line(text_of(part)) if part is not None else None
    text = fold_spaces(text_of(element))
    linked = sum(len(text_of(link)) for link in element.iter("a"))
    if len(text) > _LONGEST_CAPTION or 2 * linked > len(text) or phrase_kind(text) in _NO_CAPTION:
        return Picture()
    if credit and len(credit) <= _LONGEST_CREDIT and credit in text:
        return Picture(_trimmed(text.replace(credit, " ", 1)), _without_word(credit))
    return split_caption(text)


def _names_credit(part: _Element) -> bool:
    return part.tag != "figcaption" and bool(_CREDIT_NAMES.search(names_of(part)))


def split_caption(text: str) -> Picture:
    """A caption as printed, parted from the credit at its end: after a word for it, or in brackets."""
    found = _credit_words().search(text)
    if found and len(text) - found.start() <= _LONGEST_CREDIT:
        return Picture(_trimmed(text[: found.start()]), _trimmed(found["credit"]))
    bracketed = _BRACKETED.search(text)
    if bracketed and _CAPITALS.match(bracketed[1]):
        return Picture(_trimmed(text[: bracketed.start()]), _trimmed(bracketed[1]))
    return Picture(_trimmed(text))


def _trimmed(text: str) -> str | None:
    """The text without what stood around a credit: dashes, bars, half a pair of brackets."""
    bare = fold_spaces(text).strip(_AROUND)
    for pair in ("()", "[]"):
        if bare.count(pair[0]) != bare.count(pair[1]) or (bare[:1], bare[-1:]) == tuple(pair):
            bare = bare.strip(pair + _AROUND)
    return bare if len(bare) > 1 else None


def _without_word(credit: str) -> str | None:
    found = _credit_words().search(credit)
    return _trimmed(found["credit"] if found and found.start() <= 1 else credit)


def _linked(page: Page) -> Picture:
    """What JSON-LD says of the article's image (schema.org ImageObject)."""
    told = article_object(page).get("image")
    image = next(iter(told), None) if isinstance(told, list) else told
    if not isinstance(image, dict):
        return Picture()
    texts = [
        one_line(_text(image.get(name))) for name in ("caption", "creditText", "copyrightHolder", "creator")
    ]
    caption = texts[0][:_LONGEST_CAPTION] if texts[0] else None
    credit = next((text[:_LONGEST_CREDIT] for text in texts[1:] if text), None)
    if caption and not credit:
        return split_caption(caption)
    return Picture(caption, credit)


def _text(value: object) -> str | None:
    named = value.get("name") if isinstance(value, dict) else value
    return named if isinstance(named, str) else None


@functools.cache
def _credit_words() -> re.Pattern[str]:
    """A word that introduces a picture's credit, and the credit to the end of the text."""
    words = "|".join(
        re.escape(word) for word in sorted(furniture()["captions"]["credit"], key=len, reverse=True)
    )
    return re.compile(
        rf"""
        (?: ^ | (?<=[\s(\[|/.,;–—-]) )
        (?: © | (?i:{words}) (?: \s{{0,2}}: | (?=\s[A-Z©]) ) )         # a colon, or a name right after
        \s{{0,3}} (?P<credit>[^\n]{{2,{_LONGEST_CREDIT}}})$
        """,
        re.VERBOSE,
    )
