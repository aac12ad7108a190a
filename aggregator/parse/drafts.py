"""What a document says of its entries, word for word, and how that becomes `Entry`s. Pure.

Every reader of a format fills drafts; identity, links and limits are decided here, once for all formats.
"""

from __future__ import annotations

import functools
from collections import Counter, defaultdict
from dataclasses import replace
from typing import NamedTuple

from aggregator.model import Cadence, Entry
from aggregator.parse.dates import read_date
from aggregator.parse.titles import plain_line
from aggregator.text import digest
from aggregator.urls import canonical, readable_url, web_url

#: Entries beyond this in one document are not read: the largest real feeds seen hold under 2,000.
MAX_ENTRIES = 10_000
#: Characters of a title, a summary and a full text; real ones stay far below.
MAX_TITLE = 2_000
MAX_SUMMARY = 256 * 1_024
MAX_CONTENT = 2 * 1_024 * 1_024
#: Characters of an id, a name or a raw date.
MAX_NAME = 2_000
#: Tags of one entry, and the characters of one.
MAX_TAGS, MAX_TAG = 100, 200


class EntryDraft(NamedTuple):
    """One entry as the document gives it; all strings undecoded HTML or text, unknown is None."""

    id: str | None = None
    link: str | None = None
    title: str | None = None
    summary: str | None = None
    content: str | None = None
    author: str | None = None
    published: str | None = None
    updated: str | None = None
    tags: tuple[str, ...] = ()
    image: str | None = None
    base: str | None = None


class FeedDraft(NamedTuple):
    """A document as it was read."""

    entries: tuple[EntryDraft, ...]
    title: str | None = None
    language: str | None = None
    link: str | None = None
    warning: str | None = None
    cadence: Cadence = Cadence()
    prev_archive: str | None = None
    surroundings: bytes | None = None  # of items that are well-formed, at their places and spelled plainly


def build_entries(draft: FeedDraft, url: str, timezone: str | None) -> tuple[tuple[Entry, ...], int]:
    """The entries of a document, each with an identity of its own, in the order of the document.

    Returns:
        They, and how many of them came under a guid that others have too.
    """
    base = web_url(draft.link, url) or url
    built = [_entry(each, base, timezone) for each in draft.entries[:MAX_ENTRIES] if _says_anything(each)]
    return _told_apart(built)


def _says_anything(draft: EntryDraft) -> bool:
    return bool(draft.id or draft.link or draft.title or draft.summary or draft.content)


def _entry(draft: EntryDraft, base: str, timezone: str | None) -> Entry:
    link = _link(draft, base)
    dated = draft.published or draft.updated
    return Entry(
        guid=_guid(draft, link),
        url=link,
        title=short_line(draft.title, MAX_TITLE),
        summary=draft.summary and draft.summary[:MAX_SUMMARY],
        content=draft.content and draft.content[:MAX_CONTENT],
        author=short_line(draft.author, MAX_NAME),
        published_at=read_date(draft.published, timezone) if draft.published else None,
        updated_at=read_date(draft.updated, timezone) if draft.updated else None,
        published_raw=(dated and dated.strip()[:MAX_NAME]) or None,
        tags=_tags(draft.tags),
        image_url=web_url(draft.image, base) if draft.image else None,
    )


def short_line(text: str | None, longest: int) -> str | None:
    """A title or a name as plain text on one line, cut to the length that is kept."""
    return plain_line(text[: 4 * longest])[:longest] or None if text else None


def _link(draft: EntryDraft, base: str) -> str | None:
    """The entry's page: relative to its own base (xml:base), else to the site; escaped twice by some."""
    given = (draft.link or "").strip().replace("&amp;", "&")
    if not given:
        return None
    return readable_url(given, (draft.base and web_url(draft.base, base)) or base)


def _guid(draft: EntryDraft, link: str | None) -> str:
    """The feed's own id, else the link, else a digest of what the entry says."""
    given = " ".join((draft.id or "").split())[:MAX_NAME]
    return given or link or digest(draft.title, draft.summary, draft.published).hex()


def _tags(given: tuple[str, ...]) -> tuple[str, ...]:
    if not given:
        return ()
    shown = [_tag(tag[: 4 * MAX_TAG]) for tag in given]
    return tuple(dict.fromkeys(tag for tag in shown if tag))[:MAX_TAGS]


@functools.lru_cache(maxsize=1_024)
def _tag(text: str) -> str | None:
    """A tag as plain text; most come again and again."""
    return short_line(text, MAX_TAG)


def _told_apart(entries: list[Entry]) -> tuple[tuple[Entry, ...], int]:
    """The entries without repetitions; several items under one guid get their link's digest behind it.

    How many those are is returned too.

    The digest, unlike a running number, stays when an entry is put before them.
    """
    if len({entry.guid for entry in entries}) == len(entries):
        return tuple(entries), 0
    groups: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        groups[entry.guid].append(entry)
    repeated = {guid for guid, group in groups.items() if len(group) > 1}
    crowded = {guid for guid in repeated if _at_one_page(groups[guid])}
    seen: set[tuple[str, ...]] = set()
    kept = [each for each in entries if each.guid not in repeated or _is_new(each, seen, crowded)]
    uses = Counter(entry.guid for entry in kept)
    own: dict[str, Entry] = {}
    for entry in kept:
        guid = entry.guid if uses[entry.guid] == 1 else _own_guid(entry, crowded)
        own.setdefault(guid, entry if guid == entry.guid else replace(entry, guid=guid))
    return tuple(own.values()), sum(number for number in uses.values() if number > 1)


def _at_one_page(entries: list[Entry]) -> bool:
    """Whether entries of one guid differ though their page is one; two are a headline and its correction."""
    return len(entries) > 2 and len({entry.url for entry in entries}) == 1


def _is_new(entry: Entry, seen: set[tuple[str, ...]], crowded: set[str]) -> bool:
    """Whether no entry of the same guid before it had its page or its title."""
    keys = {(entry.guid, "title", entry.title or "")}
    if entry.url and entry.guid not in crowded:
        keys.add((entry.guid, "url", canonical(entry.url) or entry.url))
    new = seen.isdisjoint(keys)
    seen |= keys
    return new


def _own_guid(entry: Entry, crowded: set[str]) -> str:
    page = None if entry.guid in crowded else canonical(entry.url)
    return f"{entry.guid}#{digest(page or entry.title).hex()[:16]}"
