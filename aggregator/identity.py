"""By what an entry of a feed is known again: its guid, else its canonical URL, else its words. Pure.

A feed is trusted to keep its guids until its own documents show that it does not. What is then learnt is
kept with its evidence and never taken back, for guids that were wrong once cannot be told from right ones;
URLs that do not tell entries apart lead on to the words. An entry whose guid is new may still be an old one:
at its URL with its own date, or with its very words under another URL, when the old one is shown no more.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aggregator.model import KnownBy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from aggregator.model import Sighting

#: So many entries must say the same before something is learnt: one may be an editor's slip.
_ENOUGH = 2
#: Letters of the words by which alone an entry is known again: a title of ten words. In 156 polls of news
#: feeds two texts went on under another slug (of 81 and more letters); no two entries had equal words.
_LETTERS = 50
#: Seconds that the dates of such a text may differ: half a day, or it is another day's; those two differed
#: by an hour at most.
_NEAR_S = 43_200
#: Numbers that name an article, not a year.
_NUMBER = re.compile(r"\d{5,}")
#: Words that tell titles apart; in scripts without spaces each character is one.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|\w{4,}")


@dataclass(frozen=True, slots=True)
class Known:
    """An entry as it is stored."""

    entry_id: int
    guid: str
    url: str | None
    url_hash: int | None
    digest: bytes
    title: str | None
    published_at: datetime | None
    published_raw: str | None
    last_seen_at: datetime
    canceled: bool = False  # its article was killed


@dataclass(frozen=True, slots=True)
class Learnt:
    """By what a feed's entries are known again, and the evidence when it is not by their guids."""

    by: KnownBy = KnownBy.GUID
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """What one document shows."""

    sightings: Sequence[Sighting]
    now: datetime
    present: frozenset[int] = frozenset()  # ids of entries shown unchanged, which are not among the sightings
    shared: int = 0  # sightings whose guid others have too


@dataclass(frozen=True, slots=True)
class Identified:
    """The stored entry that each sighting is, or None for a new one; and what is learnt of the feed."""

    same: tuple[Known | None, ...]
    learnt: Learnt


def identify(document: Document, stored: Iterable[Known], learnt: Learnt) -> Identified:
    """Which stored entry each sighting of a document is; no two are the same one."""
    index = _Index(document, stored)
    learnt = _learn(document, index, learnt)
    same: dict[int, Known] = {}
    claimed = set(document.present)
    for find in _STEPS[learnt.by]:
        for at, each in enumerate(document.sightings):
            known = None if at in same else find(index, each, claimed)
            if known is not None:
                same[at] = known
                claimed.add(known.entry_id)
    return Identified(tuple(same.get(at) for at in range(len(document.sightings))), learnt)


def guid_under(by: KnownBy, sighting: Sighting, canonical_url: str | None) -> str:
    """What a new entry is stored under where its guid is no name; guids that change would fill the file."""
    if by is KnownBy.URL and canonical_url:
        return canonical_url
    return sighting.digest.hex() if by is KnownBy.WORDS else sighting.entry.guid


class _Index:
    """The stored entries by their keys."""

    def __init__(self, document: Document, stored: Iterable[Known]) -> None:
        self.now = document.now
        self.urls = Counter(each.url_hash for each in document.sightings)  # of the document
        self.by_guid: dict[str, Known] = {}
        self.by_url: dict[int, list[Known]] = defaultdict(list)
        self.by_digest: dict[bytes, list[Known]] = defaultdict(list)
        for known in stored:
            self.by_guid[known.guid] = known
            self.by_digest[known.digest].append(known)
            if known.url_hash is not None:
                self.by_url[known.url_hash].append(known)

    def at_url(self, sighting: Sighting) -> list[Known]:
        """The stored entries of its URL, where the document has no other at it."""
        url = sighting.url_hash
        return [] if url is None or self.urls[url] > 1 else self.by_url.get(url, [])


# ---------------------------------------------------------------- learning


def _learn(document: Document, index: _Index, learnt: Learnt) -> Learnt:
    why = learnt.why
    if learnt.by is KnownBy.GUID:
        why = _guids_are_wrong(document, index)
        if why is None:
            return learnt
        learnt = Learnt(KnownBy.URL, why)
    if learnt.by is KnownBy.URL:
        crowded = _at_one_url(document.sightings)
        if crowded >= _ENOUGH and 2 * crowded > len(document.sightings):
            return Learnt(KnownBy.WORDS, f"{why}; {crowded} entries are at one URL")
    return learnt


def _guids_are_wrong(document: Document, index: _Index) -> str | None:
    """Why the guids of a feed are not believed, in words; None when they are."""
    total = len(document.sightings) + len(document.present)
    if document.shared >= _ENOUGH and 2 * document.shared > total:
        return f"{document.shared} of {total} entries have a guid that others have too"
    kept = len(document.present)
    renamed = passed_on = 0
    for each in document.sightings:
        at_guid, at_url = index.by_guid.get(each.entry.guid), index.at_url(each)
        if at_guid is not None and each.url_hash != at_guid.url_hash and at_url:
            passed_on += _is_dated_as(each, at_url[0]) and not _is_dated_as(each, at_guid)
        elif at_guid is not None:
            kept += not _is_another(at_guid, each)
            passed_on += _is_another(at_guid, each)
        elif at_url and at_url[0].entry_id not in document.present:
            renamed += _is_dated_as(each, at_url[0])
    if renamed + passed_on < _ENOUGH or renamed + passed_on <= kept:
        return None
    found = [f"{renamed} known URLs came with new guids"] if renamed else []
    found += [f"{passed_on} guids came with other entries"] if passed_on else []
    return f"{' and '.join(found)} in one poll, {kept} kept theirs"


def _at_one_url(sightings: Sequence[Sighting]) -> int:
    """How many entries of a document have a URL that entries with other words have too, or none."""
    words: dict[int | None, set[bytes]] = defaultdict(set)
    for each in sightings:
        words[each.url_hash].add(each.digest)
    return sum(len(found) for url, found in words.items() if url is None or len(found) > 1)


# ---------------------------------------------------------------- finding


def _of_guid(index: _Index, sighting: Sighting, claimed: set[int]) -> Known | None:
    known = index.by_guid.get(sighting.entry.guid)
    return None if known is None or known.entry_id in claimed or _is_another(known, sighting) else known


def _of_dated_url(index: _Index, sighting: Sighting, claimed: set[int]) -> Known | None:
    """The entry of its URL, when its date is the same: a page that shows what is new has new dates."""
    free = (known for known in index.at_url(sighting) if known.entry_id not in claimed)
    return next((known for known in free if _is_dated_as(sighting, known)), None)


def _of_url(index: _Index, sighting: Sighting, claimed: set[int]) -> Known | None:
    """The entry of its URL; of several the one with its words."""
    if sighting.url_hash is None:
        return _of_guid(index, sighting, claimed)
    free = [known for known in index.by_url.get(sighting.url_hash, ()) if known.entry_id not in claimed]
    alike = (known for known in free if known.digest == sighting.digest)
    return next(alike, free[0] if free else None)


def _of_words(index: _Index, sighting: Sighting, claimed: set[int]) -> Known | None:
    """The entry with its very words, when they are enough and its date is near."""
    if sighting.letters < _LETTERS:
        return None
    free = (known for known in index.by_digest.get(sighting.digest, ()) if known.entry_id not in claimed)
    return next((known for known in free if _is_near(index.now, sighting, known)), None)


def _of_digest(index: _Index, sighting: Sighting, claimed: set[int]) -> Known | None:
    free = (known for known in index.by_digest.get(sighting.digest, ()) if known.entry_id not in claimed)
    return next(free, None)


#: By what a feed's entries are known again → how one is looked for, the surest way first.
_STEPS: dict[KnownBy, tuple[Callable[[_Index, Sighting, set[int]], Known | None], ...]] = {
    KnownBy.GUID: (_of_guid, _of_dated_url, _of_words),
    KnownBy.URL: (_of_url, _of_words),
    KnownBy.WORDS: (_of_digest,),
}


def _is_dated_as(sighting: Sighting, known: Known) -> bool:
    """Whether both are dated alike; without dates, whether they have the same words."""
    if sighting.entry.published_raw or known.published_raw:
        return sighting.entry.published_raw == known.published_raw
    return sighting.digest == known.digest


def _is_near(now: datetime, sighting: Sighting, known: Known) -> bool:
    published = sighting.entry.published_at
    if published and known.published_at:
        return abs((min(published, now) - known.published_at).total_seconds()) <= _NEAR_S
    return (now - known.last_seen_at).total_seconds() <= _NEAR_S


def _is_another(known: Known, sighting: Sighting) -> bool:
    """Whether a guid was passed on to another entry: another date, and no word of URL or title stayed."""
    entry = sighting.entry
    if (
        known.url_hash == sighting.url_hash
        or known.digest == sighting.digest
        or _is_dated_as(sighting, known)
    ):
        return False
    numbers = set(_NUMBER.findall(known.url or "")) & set(_NUMBER.findall(entry.url or ""))
    words = _words(known.title) & _words(entry.title)
    return not numbers and not words


def _words(title: str | None) -> set[str]:
    return set(_WORD.findall((title or "").casefold()))
