"""An article as it was extracted → the same article as a wire desk reads it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from aggregator.language import language_of
from aggregator.model import Article, Dateline, Relation, Status
from aggregator.text import normal_form
from aggregator.wire.agencies import agency_of_domain, agency_of_phrase, shares_credit
from aggregator.wire.copytext import split_copy
from aggregator.wire.credits import names_of, read_byline_line, split_tails
from aggregator.wire.datelines import by_word, read_dateline
from aggregator.wire.embargo import embargo_until
from aggregator.wire.marks import MarkRead, heaviest, read_line_mark, read_mark
from aggregator.wire.quotes import read_quotes
from aggregator.wire.slugs import Named, item_id_of, read_slug, read_slug_line, urgency_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

#: A dateline opens one of the first paragraphs: bullets, a note or a byline may stand before it.
_DATELINE_WITHIN = 4
#: An agency that prints no dateline names itself near the start.
_PHRASES_WITHIN = 3
_PHRASE_REACH = 2_000
#: Notes of a desk stand among the first or last paragraphs.
_NOTES_WITHIN = 3

_FIELDS = tuple(each.name for each in fields(Article))
_VALUES = attrgetter(*_FIELDS)


@dataclass(frozen=True, slots=True)
class _Opening:
    """A text without what stands before its first words."""

    paragraphs: tuple[str, ...]
    dateline: Dateline | None = None
    byline: str | None = None
    notes: tuple[str, ...] = ()  # that stood before the dateline in its paragraph


def read_copy(text: str, published_at: datetime | None = None) -> Article:
    """The article of plain-text copy: label, headline, deck, byline, body, with blank lines between."""
    return read_wire(split_copy(text, published_at))


def read_wire(article: Article, *, default_agency: str | None = None, guid: str | None = None) -> Article:
    """The article with mark, status, dateline, agency, byline, credit and quotes read out of its text.

    Args:
        article: as extracted: the headline as printed, the dateline still before the first paragraph.
        default_agency: whose copy it is when neither dateline, byline nor sign-off tells.
        guid: of the article's entry; some agencies' guids hold their own id of the copy.
    """
    return with_quotes(read_signs(article, default_agency=default_agency, guid=guid))


def with_quotes(article: Article) -> Article:
    """The article with its attributed quotations, when its language is one in which they are read."""
    quotes = read_quotes(article.paragraphs, article.language)
    return article if quotes == article.quotes else _with(article, quotes=quotes)


def read_signs(article: Article, *, default_agency: str | None = None, guid: str | None = None) -> Article:
    """What ``read_wire`` gives, but for the quotes.

    Its slug loses the take that stands behind it; slug and item id are taken from the copy, and the id from
    guid or URL, when they are not known yet.
    """
    named, paragraphs = _take_names(article, _without_headline(article))
    paragraphs, notes = _take_notes(paragraphs)
    tails = split_tails(paragraphs)
    opening = _take_opening(tails.paragraphs, article.published_at)
    byline, byline_agency = names_of(article.byline or opening.byline or "")
    expected = default_agency or article.agency or agency_of_domain(article.outlet)
    opening = _with_expected(opening, expected)
    agency = (opening.dateline.agency if opening.dateline else None) or byline_agency or tails.agency
    told_agency, item_id = item_id_of(guid, article.url) or (None, None)
    agency = agency or expected or _self_named(opening.paragraphs) or told_agency
    headline_mark = read_mark(article.headline, agency) if article.headline else None
    notes = (*notes, *opening.notes)
    language = article.language or language_of(" ".join(opening.paragraphs) or article.headline or "")
    marks = [
        headline_mark,
        *map(read_line_mark, notes),
        MarkRead(named.mark, hold=False) if named.mark else None,
    ]
    marked = _timed(_marked(article, headline_mark, list(filter(None, marks))), marks, agency)
    return _with(
        marked,
        paragraphs=opening.paragraphs,
        dateline=opening.dateline,
        agency=agency,
        byline=byline,
        credit="\n".join((*notes, *tails.lines)) or article.credit,
        language=language,
        slug=named.slug,
        item_id=_stable(article.item_id) or named.item_id or item_id,
        urgency=article.urgency or urgency_of(marked.mark),
    )


def _with(article: Article, **told: Any) -> Article:  # noqa: ANN401 (the values of its fields)
    """The article with what was told; ``dataclasses.replace`` takes twice as long."""
    return Article(**(dict(zip(_FIELDS, _VALUES(article), strict=True)) | told))


def _stable(item_id: str | None) -> str | None:
    """An id that a page gave, without what its agency changes from version to version."""
    known = item_id_of(item_id)
    return known[1] if known else item_id


def _take_names(article: Article, paragraphs: tuple[str, ...]) -> tuple[Named, tuple[str, ...]]:
    """The slug and item id that stand in the copy or are known, and the text without their lines."""
    near = {*range(_NOTES_WITHIN), *range(len(paragraphs) - _NOTES_WITHIN, len(paragraphs))}
    lines = {at: read_slug_line(paragraphs[at]) for at in sorted(near) if 0 <= at < len(paragraphs)}
    told = [read_slug(article.slug) if article.slug else None, read_slug_line(article.headline or "")]
    found = [each for each in (*told, *lines.values()) if each]
    kept = tuple(text for at, text in enumerate(paragraphs) if not lines.get(at))
    return Named(
        next((each.slug for each in found if each.slug), None),
        next((each.item_id for each in found if each.item_id), None),
        next((each.mark for each in found if each.mark), None),
    ), kept


def _without_headline(article: Article) -> tuple[str, ...]:
    """The paragraphs, without the headline that some pages repeat above their text."""
    first = article.paragraphs[:1]
    repeated = len(article.paragraphs) > 1 and normal_form(first[0]) == normal_form(article.headline)
    return article.paragraphs[1:] if repeated else article.paragraphs


def _with_expected(opening: _Opening, expected: str | None) -> _Opening:
    """The opening with the expected agency in its dateline, when that one prints the same letters."""
    if opening.dateline is None or not shares_credit(expected, opening.dateline.credit):
        return opening
    named = (expected,) if expected else ()
    return replace(opening, dateline=replace(opening.dateline, agency=expected, agencies=named))


def _self_named(paragraphs: tuple[str, ...]) -> str | None:
    """The agency that names itself near the start of a text."""
    return agency_of_phrase(" ".join(paragraphs[:_PHRASES_WITHIN])[:_PHRASE_REACH])


def _take_notes(paragraphs: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The text without the desk's notes among its first and last paragraphs, and the notes."""
    near = {*range(_NOTES_WITHIN), *range(len(paragraphs) - _NOTES_WITHIN, len(paragraphs))}
    found = {index for index in near if 0 <= index < len(paragraphs) and read_line_mark(paragraphs[index])}
    kept = tuple(text for index, text in enumerate(paragraphs) if index not in found)
    return kept, tuple(paragraphs[index] for index in sorted(found))


def _take_opening(paragraphs: tuple[str, ...], published_at: datetime | None) -> _Opening:
    """The text behind its dateline and byline."""
    byline = None
    for index, paragraph in enumerate(paragraphs[:_DATELINE_WITHIN]):
        byline = byline or read_byline_line(paragraph)
        found = read_dateline(paragraph, published_at)
        if found and (index == 0 or found.agency or byline):
            notes = _before(paragraph, found)
            return _Opening(_stripped(paragraphs, index, found), found, byline or found.byline, notes)
    if byline:
        paragraphs = tuple(text for text in paragraphs if read_byline_line(text) is None)
    return _Opening(paragraphs, None, byline)


def _before(paragraph: str, found: Dateline) -> tuple[str, ...]:
    """The notes that stand before a dateline in its own paragraph."""
    start = max(paragraph.rfind(found.raw, 0, found.body_start), 0)
    lines = map(str.strip, paragraph[:start].split("\n"))
    return tuple(line for line in lines if line and not by_word(line + " "))


def _stripped(paragraphs: tuple[str, ...], index: int, found: Dateline) -> tuple[str, ...]:
    before = tuple(text for text in paragraphs[:index] if read_byline_line(text) is None)
    first = paragraphs[index][found.body_start :]
    return (*before, *((first,) if first else ()), *paragraphs[index + 1 :])


def _marked(article: Article, headline_mark: MarkRead | None, marks: list[MarkRead]) -> Article:
    """The article with the mark of its headline and the relation and status of all its marks."""
    if not marks:
        return article
    return replace(
        article,
        headline=headline_mark.mark.headline if headline_mark else article.headline,
        mark=marks[0].mark.printed,
        relation=heaviest(mark.mark.relation for mark in marks),
        status=_status(marks),
    )


def _timed(article: Article, marks: Sequence[MarkRead | None], agency: str | None) -> Article:
    """The article with the time of its embargo, if all that holds it back is that; the time releases it."""
    held = [mark.mark.printed for mark in marks if mark and mark.hold]
    if not held or article.status is not Status.WITHHELD or article.published_at is None:
        return article
    times = [embargo_until(printed, article.published_at, agency) for printed in held]
    if None in times:
        return article
    return replace(article, embargo_until=max(filter(None, times)))


def _status(marks: list[MarkRead]) -> Status:
    if any(mark.mark.relation is Relation.KILL for mark in marks):
        return Status.CANCELED
    return Status.WITHHELD if any(mark.hold for mark in marks) else Status.USABLE
