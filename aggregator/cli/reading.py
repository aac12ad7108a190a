"""`read`: one piece of wire copy as a record; nothing is stored."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aggregator.errors import AggregatorError, UsageError
from aggregator.parse.dates import read_date
from aggregator.store.rows import stamp
from aggregator.text import count_words
from aggregator.urls import outlet_of
from aggregator.wire import read_copy, read_wire
from aggregator.wire.agencies import paid_agencies

if TYPE_CHECKING:
    from datetime import datetime

    from aggregator.model import Article, Dateline, Quote

#: The longest page or piece of copy that is read.
_MOST_BYTES = 5 * 1024 * 1024
#: Where a page shows what it is.
_HEAD = 4_000
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body|article|meta|p|div)\b", re.IGNORECASE)
#: What a file's page is called when nobody says.
_NO_URL = "https://copy.invalid/"


@click.command()
@click.argument("file", metavar="FILE|-")
@click.option("--published", metavar="ISO", help="When it was published; finds the year of the dateline.")
@click.option("--url", metavar="URL", help="Where the page was found.")
def read(file: str, published: str | None, url: str | None) -> None:
    """Read one piece of wire copy, plain text or an HTML page, and print its record as JSON.

    FILE is a path, or - for standard input. Nothing is stored. Plain text is taken as blank-line
    separated blocks: label, headline, deck, byline, body.

    \b
    aggregator read story.txt --published 2017-10-19
    curl -s https://example.org/story.html | aggregator read - --url https://example.org/story.html
    """
    when = _moment(published)
    click.echo(json.dumps(record_of(read_piece(file, url, when)), ensure_ascii=False, indent=1))


def read_piece(file: str, url: str | None, when: datetime | None) -> Article:
    """The article of a file, or of standard input (-): plain text, or an HTML page.

    Raises:
        AggregatorError: it cannot be read, or holds no article.
    """
    data = _contents(file)
    return _read_page(data, url, when) if _HTML.search(data[:_HEAD]) else _read_text(data, file, url, when)


def _moment(published: str | None) -> datetime | None:
    when = read_date(published) if published else None
    if published and when is None:
        raise UsageError(f"--published {published!r} is no date; write it like 2017-10-19T15:04:05Z")
    return when


def _contents(file: str) -> bytes:
    """The bytes of a file or of standard input, within the limit."""
    try:
        if file == "-":
            data = sys.stdin.buffer.read(_MOST_BYTES + 1)
        else:
            with Path(file).open("rb") as stream:
                data = stream.read(_MOST_BYTES + 1)
    except OSError as fault:
        raise AggregatorError(f"cannot read {file}: {fault.strerror}") from None
    except ValueError as fault:
        raise AggregatorError(f"cannot read {file!r}: {fault}") from None
    if len(data) > _MOST_BYTES:
        raise AggregatorError(f"{file} is larger than {_MOST_BYTES // 2**20} MiB")
    if not data.strip():
        raise AggregatorError(f"{file} is empty")
    return data


def _read_page(data: bytes, url: str | None, when: datetime | None) -> Article:

    from aggregator.extract import extract_page  # noqa: PLC0415 (lxml is not loaded for plain text)

    article = extract_page(data, url=url or _NO_URL)
    if url is None and (article.url or "").startswith(_NO_URL):
        article = replace(article, url=None, outlet=None)
    return read_wire(replace(article, published_at=when or article.published_at))


def _read_text(data: bytes, file: str, url: str | None, when: datetime | None) -> Article:

    return replace(read_copy(_decoded(data, file), when), url=url, outlet=outlet_of(url))


def _decoded(data: bytes, file: str) -> str:
    """The text: UTF-8, UTF-16 with its mark, or else Windows-1252, which old copy is written in."""
    codings = ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp1252")
    for coding in codings:
        try:
            text = data.decode(coding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise AggregatorError(f"{file} is not text")


def record_of(article: Article) -> dict[str, Any]:
    """The columns of ``articles`` that one text can fill, with its paragraphs, dateline and quotes."""
    return {
        "relation": article.relation,
        "url": article.url,
        "outlet": article.outlet,
        "agency": article.agency,
        "paid": article.agency in paid_agencies(),
        "section": article.section,
        "headline": article.headline,
        "deck": article.deck,
        "byline": article.byline,
        **_dateline_columns(article.dateline),
        "language": article.language,
        "published_at": stamp(article.published_at),
        "updated_at": stamp(article.updated_at),
        "status": article.status,
        "mark": article.mark,
        "word_count": count_words(article.body),
        "body": article.body,
        "credit": article.credit,
        "image_url": article.image_url,
        "image_caption": article.image_caption,
        "image_credit": article.image_credit,
        "text_basis": article.text_basis,
        "extractor": article.extractor,
        "confidence": article.confidence,
        "paywalled": article.paywalled,
        "slug": article.slug,
        "item_id": article.item_id,
        "urgency": article.urgency,
        "embargo_until": stamp(article.embargo_until),
        "tags": article.tags,
        "paragraphs": article.paragraphs,
        "dateline_parts": _dateline_parts(article.dateline),
        "quotes": [_quote(quote) for quote in article.quotes],
    }


def _dateline_columns(dateline: Dateline | None) -> dict[str, Any]:
    day = dateline.date if dateline else None
    return {
        "dateline": dateline.raw if dateline else None,
        "place": dateline.place if dateline else None,
        "dateline_date": day.isoformat() if day else None,
    }


def _dateline_parts(dateline: Dateline | None) -> dict[str, Any] | None:
    if dateline is None:
        return None
    return {
        "raw": dateline.raw,
        "place": dateline.place,
        "places": dateline.places,
        "region": dateline.region,
        "month": dateline.month,
        "day": dateline.day,
        "year": dateline.year,
        "date": dateline.date.isoformat() if dateline.date else None,
        "days_off": dateline.days_off,
        "agency": dateline.agency,
        "agencies": dateline.agencies,
        "rule": dateline.rule,
    }


def _quote(quote: Quote) -> dict[str, Any]:
    return {
        "paragraph": quote.paragraph,
        "text": quote.text,
        "speaker": quote.speaker,
        "cue": quote.cue,
        "rule": quote.rule,
    }
