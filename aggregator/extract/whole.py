"""A whole page → an article: tree, metadata, text, and what the feed knew. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from cssselect import SelectorError
from lxml.cssselect import CSSSelector
from lxml.etree import XPathError

from aggregator.errors import ParseError
from aggregator.extract.blocks import read_blocks
from aggregator.extract.body import Reading, read_body
from aggregator.extract.feedtext import tags_of
from aggregator.extract.head import Head, read_head
from aggregator.extract.metadata import Metadata, read_metadata
from aggregator.extract.page import UNTOLD, Page, Served, read_page, text_of
from aggregator.extract.picture import read_picture
from aggregator.extract.scripted import Scripted, read_scripted
from aggregator.extract.scripts import in_attributes
from aggregator.extract.signs import squeezed
from aggregator.extract.walls import WALL_WORDS, is_paywalled, wall_of
from aggregator.extract.wiredata import WireData, read_wire_data
from aggregator.model import Article, TextBasis
from aggregator.parse.dates import read_date
from aggregator.text import count_words, digest, one_line, paragraphs_of
from aggregator.urls import outlet_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lxml.etree import _Element

    from aggregator.model import Entry, Feed

#: Text of JSON-LD or of a script is taken when it is so many times as long as what is shown, a teaser.
_MUCH_MORE = 2
#: The mean F1 of such texts alone: of JSON-LD's where pages have one, of scripts' on 12 pages.
_CONFIDENCE = {"json-ld": 0.88, "script": 0.90}
#: A shown text of fewer characters may be a teaser; scripts are not read for longer ones.
_SHORT = 1_500
#: Shorter texts of templates are buttons and notes.
_LEAST_DRAWN = 300
#: Headings by which the article in a script is known.
_MOST_TITLES, _LONGEST_TITLE = 5, 1_000
#: A page whose text is shorter has none: flashes run to ten words, stray captions and buttons to a few.
_LEAST_WORDS = 5


@dataclass(frozen=True, slots=True)
class Body:
    """The text of an article and the rule that gave it."""

    paragraphs: tuple[str, ...]
    rule: str
    confidence: float | None = None
    left_out: tuple[str, ...] = ()


def extract_page(
    body: bytes,
    *,
    url: str,
    served: Served = UNTOLD,
    entry: Entry | None = None,
    feed: Feed | None = None,
    furniture: frozenset[bytes] = frozenset(),
) -> Article:
    """The article of a page, with what its feed and entry say where the page is silent.

    ``furniture`` are digests (``aggregator.text.digest``) of lines known to repeat across the outlet's pages;
    they are left out.

    Raises:
        ParseError: the page has no usable article text; the reason is in words.
    """
    page = read_page(body, url, served)
    zone = (feed.timezone if feed else None) or page.site.timezone
    said = read_metadata(page, page.site, zone, entry.title if entry else None)
    reading = read_body(page, said)
    head = read_head(reading.scene, reading.kept, said, zone)
    text, scripted = read_text(page, said, reading, head, dict(feed.extract) if feed else {})
    wire = read_wire_data(page)
    text = _with_dateline(text, said, wire.dateline)
    if furniture:
        text = _without(text, furniture)
    _refuse_walls(page, text, said.headline)
    settled = _settled(page, _with_scripted(said, scripted), reading, head, feed)
    return _with_wire(_article(page, settled, text, entry, feed), wire)


def read_text(
    page: Page, said: Metadata, reading: Reading, head: Head, selectors: dict[str, str]
) -> tuple[Body, Scripted | None]:
    """The text by the best of its witnesses, and what scripts tell of the article if they were read."""
    text = _text(page, said, reading, head, selectors)
    scripted = _scripted(page, said, head, text, page.site.timezone)
    return _fuller(page, text, scripted), scripted


def _scripted(page: Page, said: Metadata, head: Head, text: Body, zone: str | None) -> Scripted | None:
    """The article in the page's scripts; read only when the page shows no author, no time or little text."""
    short = _length(text.paragraphs) <= _SHORT
    known = tuple(script for script in page.scripts if script.name or not script.start)
    scripts = (*page.scripts, *in_attributes(page.root)) if short else known
    if not scripts or (head.authors and said.published_at and not short):
        return None
    titles = islice(page.root.iter("h1"), _MOST_TITLES)
    headings = (text_of(title)[:_LONGEST_TITLE] for title in titles)
    return read_scripted(scripts, (said.headline, page.meta_first("og:title"), *headings), zone)


def _fuller(page: Page, text: Body, scripted: Scripted | None) -> Body:
    """The text of the page's scripts or templates, when what is shown is a teaser of it."""
    shown = _length(text.paragraphs)
    if text.rule != "signs" or shown > _SHORT:
        return text
    told = {"script": scripted.paragraphs if scripted else ()}
    drawn = max(map(paragraphs_of, page.templates), key=_length, default=())
    told["template"] = drawn if _length(drawn) > _LEAST_DRAWN else ()
    rule = max(told, key=lambda rule: _length(told[rule]))
    more = _length(told[rule]) > _MUCH_MORE * shown
    return Body(told[rule], rule, _CONFIDENCE["script"]) if more else text


def _length(paragraphs: Iterable[str]) -> int:
    return sum(map(len, paragraphs))


def _with_scripted(said: Metadata, scripted: Scripted | None) -> Metadata:
    """The metadata, and where it is silent that of the page's scripts."""
    if scripted is None:
        return said
    return replace(
        said,
        deck=said.deck or scripted.deck,
        authors=said.authors or scripted.authors,
        published_at=said.published_at or scripted.published_at,
        updated_at=said.updated_at or scripted.updated_at,
    )


def _with_dateline(text: Body, said: Metadata, dateline: str | None) -> Body:
    """The text opened by the dateline that the agency's page keeps apart, unless it is printed there too."""
    opening = next((line for line in text.paragraphs if squeezed(line) != squeezed(said.headline)), None)
    if not (dateline and opening) or squeezed(dateline) in squeezed(opening[: 2 * len(dateline)]):
        return text
    at = text.paragraphs.index(opening)
    before, after = text.paragraphs[:at], text.paragraphs[at + 1 :]
    return replace(text, paragraphs=(*before, f"{dateline} - {opening}", *after))


def _with_wire(article: Article, wire: WireData) -> Article:
    """The article with what its agency's page says of the copy."""
    return replace(
        article,
        slug=wire.slug,
        item_id=wire.item_id,
        urgency=wire.urgency,
        credit=wire.credit,
        section=article.section or wire.section,
        tags=tags_of(None, None, *article.tags, *wire.tags),
    )


def _text(page: Page, said: Metadata, reading: Reading, head: Head, selectors: dict[str, str]) -> Body:
    """The text by the feed's or the site's selector, else by its signs, else as the page's JSON-LD has it."""
    for rule, selector in (
        ("selector", selectors.get("body")),
        (f"site:{outlet_of(page.url)}", page.site.body),
    ):
        selected = [block.text for element in _select(page, selector) for block in read_blocks(element)]
        if selected:
            return Body(tuple(selected), rule)
    found = reading.paragraphs(without=_apart(reading, head.deck))
    linked = said.linked_body or ""
    if len(linked) > _MUCH_MORE * sum(map(len, found)) and (told := paragraphs_of(linked)):
        return Body(told, "json-ld", _CONFIDENCE["json-ld"])
    return Body(found, "signs", round(reading.confidence, 2))


def _without(text: Body, furniture: frozenset[bytes]) -> Body:
    """The text without known lines; whole when they are most of it: then it is a text that is shown again."""
    known = tuple(line for line in text.paragraphs if digest(line) in furniture)
    rest = tuple(line for line in text.paragraphs if line not in known)
    if sum(map(len, rest)) < sum(map(len, known)):
        return text
    return replace(text, paragraphs=rest, left_out=known)


def _apart(reading: Reading, deck: tuple[int, ...]) -> tuple[int, ...]:
    """The deck's blocks that are headings: a paragraph that is the deck too opens the text as well."""
    return tuple(index for index in deck if reading.scene.blocks[index].box.tag.startswith("h"))


def _settled(page: Page, said: Metadata, reading: Reading, head: Head, feed: Feed | None) -> Metadata:
    """The metadata with what is printed above the text; the feed's selectors come before all."""
    selectors = dict(feed.extract) if feed else {}
    byline = _chosen(page, selectors.get("byline"))
    printed = " ".join(reading.scene.blocks[index].text for index in head.deck)
    zone = feed.timezone if feed else None
    return replace(
        said,
        headline=_chosen(page, selectors.get("headline")) or said.headline,
        deck=_chosen(page, selectors.get("deck")) or printed or said.deck,
        authors=(byline,) if byline else head.authors or said.authors or said.outlet_authors,
        published_at=read_date(_chosen(page, selectors.get("published")), zone)
        or said.published_at
        or head.published_at,
    )


def _chosen(page: Page, selector: str | None) -> str | None:
    """The text that a selector finds; a time element's machine form first."""
    for element in _select(page, selector):
        if text := one_line(element.get("datetime") or element.get("content") or text_of(element)):
            return text
    return None


def _select(page: Page, selector: str | None) -> list[_Element]:
    if not selector:
        return []
    try:
        return list(CSSSelector(selector, translator="html")(page.root))
    except (SelectorError, XPathError):
        return []


def _refuse_walls(page: Page, text: Body, headline: str | None) -> None:
    words = _words_but(squeezed(headline), text.paragraphs)
    if words <= WALL_WORDS and (wall := wall_of(text_of(page.root))):
        raise ParseError(f"the page is {wall}")
    if words < _LEAST_WORDS:
        what = "keeps its text behind a paywall" if is_paywalled(page) else "has no article text"
        raise ParseError(f"the page {what}")


def _words_but(headline: str, lines: Iterable[str]) -> int:
    """The words of the lines that are not the headline, counted until no wall has so many."""
    words = 0
    for line in lines:
        if words > WALL_WORDS:
            break
        words += 0 if squeezed(line) == headline else count_words(line)
    return words


def _article(page: Page, said: Metadata, text: Body, entry: Entry | None, feed: Feed | None) -> Article:
    url = said.canonical_url or page.url
    picture = read_picture(page, said.image_url)
    return Article(
        url=url,
        headline=said.headline or (one_line(entry.title) if entry else None),
        paragraphs=text.paragraphs,
        text_basis=TextBasis.PAGE,
        extractor=text.rule,
        outlet=outlet_of(url),
        agency=feed.agency if feed else None,
        section=(feed and feed.section) or said.section,
        deck=said.deck,
        byline=one_line(", ".join(said.authors)) or (one_line(entry.author) if entry else None),
        language=said.language or (feed.language if feed else None),
        published_at=said.published_at or (entry.published_at if entry else None),
        updated_at=said.updated_at or (entry.updated_at if entry else None),
        image_url=said.image_url or (entry.image_url if entry else None),
        tags=tags_of(entry, feed, *said.tags),
        image_caption=picture.caption,
        image_credit=picture.credit,
        left_out=text.left_out,
        confidence=text.confidence,
        paywalled=is_paywalled(page),
    )
