"""Hostile feeds and pages through a real worker, feeds through ``poll`` too: time, memory, the log.

``python -m bench.hostile``. The documents are made here. Each is read by a worker of its own, a feed whole,
as no fetch would bring it (it stops at 15 MiB); then all feeds are polled from loopback, packed as a server
would pack them. Times are wall time on the machine at hand; memory is what the worker's peak grew by.
"""

from __future__ import annotations

import gzip
import resource
import sqlite3
import tempfile
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from aggregator.errors import AggregatorError
from aggregator.extract import extract_page
from aggregator.thinking import read_feed
from aggregator.workers import Workers
from bench.loopback import Loopback, Served
from bench.program import Program

if TYPE_CHECKING:
    from collections.abc import Callable

_URL = "https://feed.invalid/"
_OPENING = b"<rss version='2.0'><channel><title>Wire</title>"
_ITEM = b"<item><title>Bridge opened</title><link>https://wire.example/1</link></item>"
_END = b"</channel></rss>"
_PARAGRAPH = (
    b"<p>The harbour master said on Tuesday that the ferry would sail again within the week, if it can.</p>"
)
_PAGE = b"<html><title>Harbour reopens</title><article><h1>Harbour reopens</h1>" + 4 * _PARAGRAPH
_PAGE_END = b"</article></html>"
_NESTED = 100_000
_MEGABYTE = 1_000_000


def main() -> None:
    """Makes the documents, reads them, polls them, prints a line for each."""
    documents = hostile_documents()
    for name, body in documents.items():
        print(
            f"{name:28} {len(body) / _MEGABYTE:6.1f} MB: {_read(_read_feed, _OPENING + _ITEM + _END, body)}"
        )
    print("\nPages:")
    for name, body in hostile_pages().items():
        print(f"{name:28} {len(body) / _MEGABYTE:6.1f} MB: {_read(_read_page, _PAGE + _PAGE_END, body)}")
    print("\nThe log of polls:")
    for row in _polled(documents):
        print("  {:28} {:6} ms  {:9} {:5} entries  {}".format(*row))


def hostile_documents() -> dict[str, bytes]:
    """Name → bytes."""
    bomb = b"".join(b"<!ENTITY e%d '%s'>" % (level, b"&e%d;" % (level - 1) * 10) for level in range(1, 10))
    title = b"A" * 100 * _MEGABYTE
    items = b"".join(b"<item><title>Story %d</title></item>" % number for number in range(_MEGABYTE))
    return {
        "entity-bomb": b"<!DOCTYPE rss [<!ENTITY e0 'ha'>%s]>" % bomb
        + _OPENING
        + _ITEM.replace(b"Bridge", b"&e9;")
        + _END,
        "title-of-100-MB": _OPENING + _ITEM.replace(b"Bridge", title) + _ITEM.replace(b"/1", b"/2") + _END,
        "title-of-100-MB-in-CDATA": _OPENING
        + _ITEM.replace(b"Bridge opened", b"<![CDATA[" + title + b"]]>")
        + _END,
        "1000000-items": _OPENING + items + _END,
        "100000-nested-elements": _OPENING + _ITEM + b"<a>" * _NESTED + b"</a>" * _NESTED + _END,
        "100000-nested-in-an-item": _OPENING
        + _ITEM.replace(b"Bridge", b"<b>" * _NESTED + b"Bridge" + b"</b>" * _NESTED)
        + _END,
        "1000000-attributes": _OPENING
        + b"<item %s>" % b" ".join(b"a%d='1'" % number for number in range(_MEGABYTE))
        + _ITEM[6:]
        + _END,
        "100000-nested-JSON-lists": b'{"items": ' + b"[" * _NESTED + b"]" * _NESTED + b"}",
    }


def hostile_pages() -> dict[str, bytes]:
    """Name → bytes, 15 MB at most."""
    attributes = b" ".join(b"a%d='1'" % number for number in range(_MEGABYTE))
    classes = b"".join(b"<div class='c%d d%d'>a</div>" % (n, 7 * n) for n in range(70_000))
    middles = {
        "one-paragraph-of-15-MB": b"<p>" + b"word " * 3 * _MEGABYTE + b"</p>",
        "120000-paragraphs": _PARAGRAPH * 120_000,
        "100000-nested-elements": b"<div>" * _NESTED + _PARAGRAPH + b"</div>" * _NESTED,
        "no-end-tags": b"<p>The ferry sails again. <b><i><div>" * 60_000,
        "1000000-attributes": b"<p " + attributes + b">" + _PARAGRAPH,
        "30-attributes-30000-times": (b"<p " + attributes[:260] + b">a</p>") * 30_000,
        "3000000-entities": b"<p>" + b"&amp;" * 3 * _MEGABYTE + b"</p>",
        "100000-scripts": b'<script>var a = {"a": 1};</script>' * 100_000,
        "JSON-LD-nested": b"<script type='application/ld+json'>" + b"[" * 5 * _MEGABYTE + b"</script>",
        "1000000-line-breaks": b"<p>" + b"word<br><br>" * _MEGABYTE,
        "500000-links": b"<a href=/x>more</a> " * 500_000,
        "20000-nested-tables": b"<table>" * 20_000 + b"<tr><td>a" * 50_000,
        "70000-classes": classes,
        "a-class-of-8-MB": b"<p class='" + b"article " * _MEGABYTE + b"'>" + _PARAGRAPH,
        "40000-figures": b"<figure><img src=a.jpg><figcaption>a</figcaption></figure>" * 40_000,
    }
    return {name: _PAGE + middle + _PAGE_END for name, middle in middles.items()}


def _read_feed(workers: Workers, body: bytes) -> str:
    read = workers.submit(read_feed, body, _URL, None, None).result()
    return f"{len(read.sightings)} entries; {read.feed.warning or 'no fault'}"


def _read_page(workers: Workers, body: bytes) -> str:
    article = workers.submit(partial(extract_page, url=_URL), body).result()
    return f"{len(article.paragraphs)} paragraphs of the {article.text_basis}"


def _read(reader: Callable[[Workers, bytes], str], small: bytes, body: bytes) -> str:
    """What a worker makes of a document, after it has read a small one."""
    workers = Workers(1)
    reader(workers, small)
    before = workers.submit(resource.getrusage, resource.RUSAGE_SELF).result().ru_maxrss
    started = time.perf_counter()
    try:
        said = reader(workers, body)
    except AggregatorError as fault:
        said = f"refused: {fault}"
    took = time.perf_counter() - started
    after = workers.submit(resource.getrusage, resource.RUSAGE_SELF).result().ru_maxrss
    workers.shutdown(wait=True)
    return f"{took:5.2f} s, {(after - before) / 1024:5.0f} MiB more, {said}"


def _polled(documents: dict[str, bytes]) -> list[tuple[object, ...]]:
    with Loopback() as server, tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        feeds = []
        for number, (name, body) in enumerate(documents.items()):
            server.served[f"/{number}"] = Served(gzip.compress(body, 1), encoding="gzip")
            feeds.append({"url": f"{server.base}/{number}", "name": name})
        document = {"defaults": {"pages": "never", "spacing": "0s"}, "feeds": feeds}
        (folder / "feeds.yaml").write_text(yaml.safe_dump(document), "utf8")
        program = Program(folder / "feeds.yaml", folder / "wire.db")
        program.poll()
        with closing(sqlite3.connect(program.db)) as conn:
            return conn.execute(
                """
                SELECT f.name, p.duration_ms, p.outcome, p.entries, coalesce(p.error, p.warning, '')
                FROM fetches AS p JOIN feeds AS f ON f.id = p.feed_id ORDER BY f.id
                """
            ).fetchall()


if __name__ == "__main__":
    main()
