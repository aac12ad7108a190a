"""The places of a dateline: parted, told from sentences, and known by name. Pure; the names are data.

``WEST PALM BEACH, Fla./WASHINGTON`` → two places and a region.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass

from aggregator.wire.agencies import read_data

#: Longer places do not occur: 60 characters are two AP base names with their region.
LONGEST_PLACE = 60
_MOST_WORDS = 6
#: Up to here a full stop belongs to the region ("Calif."), beyond it to the sentence ("Azerbaijan.").
_LONGEST_SHORT_REGION = 6
_MOST_PLACES = 6
#: A place in small letters ("des moines, april 7 -") is taken up to this many words.
_MOST_SMALL_WORDS = 3
#: A Chinese reporter's name, when the place behind it is not known.
_HAN_NAME = 3

_IN_BRACKETS = re.compile(r"\s?[\[(]\s?([^\[\]()]{2,30}?)\s?[\])]|\s/([^\s/][^/]{1,29})/(?=,|$)")
_PLACE_CHARS = re.compile(r"[\w\s.'’ʼ`\-‑/,&·;+\u0300-\u036f\u0900-\u0d7f\u0e00-\u0e7f\u200c\u200d،]*")
_NOT_IN_PLACES = re.compile(r"[\d_]")
_OUTER = " \t,;:-–—/،\u200e\u200f"
#: Between places: a slash, an ampersand, a raised dot, a semicolon, the word for "and".
_BETWEEN = re.compile(r"\s?[/&·;]\s?|\s+(?:and|und|et|AND|UND|ET|و)\s+|\s-\s")
_HOST = re.compile(r"\w\.[a-z]{2,}")
_ORDINARY = re.compile(r"[a-zà-öø-ÿа-яёα-ω]")


@dataclass(frozen=True, slots=True)
class _Words:
    particles: frozenset[str]
    not_first: frozenset[str]
    not_first_but: tuple[str, ...]
    with_slash: tuple[str, ...]
    cities: frozenset[str]
    regions: frozenset[str]
    han: tuple[str, ...]


@functools.cache
def _words() -> _Words:
    data, known = read_data("datelines.toml"), read_data("places.toml")
    return _Words(
        frozenset(data["particles"].split()),
        frozenset(data["not_first"].split() + data["weekdays"].split()),
        tuple(data["not_first_but"]),
        tuple(data["with_slash"]),
        frozenset(map(_folded, known["cities"].replace("\n", "").split("|"))),
        frozenset(map(_folded, known["regions"].replace("\n", "").split("|"))),
        tuple(known["han"].split()),
    )


def _folded(name: str) -> str:
    """Without case, accents and full stops."""
    if name.isascii():
        return name.lower().replace(".", "").strip()
    plain = unicodedata.normalize("NFKD", name).casefold()
    return "".join(c for c in plain if not unicodedata.combining(c) and c != ".").strip()


def read_places(text: str, *, small: bool = False) -> tuple[tuple[str, ...], str | None]:
    """The places and the (first) region of a text that should hold nothing else; none when it holds more.

    Args:
        text: what is left of a dateline's head without its day.
        small: a short place in small letters will do, because a day stands behind it.
    """
    text, bracket = _take_brackets(text.strip(_OUTER + "*").lstrip("."))
    if not text or _NOT_IN_PLACES.search(text) or not _PLACE_CHARS.fullmatch(text):
        return (), None
    items = [text] if text in _words().with_slash else _BETWEEN.split(text)
    pairs = [_place_and_region(item) for item in items[: _MOST_PLACES + 1]]
    places = tuple(place for place, _ in pairs)
    if len(places) > _MOST_PLACES or not all(
        is_place(place) or (small and _is_small(place)) for place in places
    ):
        return (), None
    return places, next((region for _, region in pairs if region), bracket)


def _take_brackets(text: str) -> tuple[str, str | None]:
    """``Damascus [Syria]`` → ``Damascus``, ``Syria``; the last pair counts."""
    found = ["".join(groups) for groups in _IN_BRACKETS.findall(text)]
    return _IN_BRACKETS.sub("", text).strip(_OUTER), (found[-1] if found else None)


def _place_and_region(item: str) -> tuple[str, str | None]:
    place, comma, region = item.replace("،", ",").partition(",")
    region = region.strip(" ,")
    if len(region) > _LONGEST_SHORT_REGION:
        region = _without_full_stop(region)
    return _without_full_stop(place.strip()), (region or None) if comma else None


def _without_full_stop(place: str) -> str:
    """``Москва.`` → ``Москва``, but ``D.C.`` and ``Frankfurt a.M.`` stay."""
    last = place.rsplit(" ", 1)[-1]
    return place[:-1] if last.endswith(".") and "." not in last[:-1] else place


def is_place(place: str) -> bool:
    """Whether words look like the name of a place: short, capitalised, not opening like a sentence."""
    words = place.split()
    if not words or len(words) > _MOST_WORDS or len(place) > LONGEST_PLACE or not _opens(place[0]):
        return False
    known = _words()
    if cannot_open(words[0]) and not place.startswith(known.not_first_but):
        return False
    if _HOST.search(place):
        return False
    return all(word in known.particles or "." in word or not _ORDINARY.match(word) for word in words)


def cannot_open(word: str) -> bool:
    """Whether a word opens sentences, captions or days, never places."""
    return word in _words().not_first


def _opens(letter: str) -> bool:
    return letter.isalpha() and not letter.islower()


def _is_small(place: str) -> bool:
    words = place.split()
    plain = 0 < len(words) <= _MOST_SMALL_WORDS and all(map(str.isalpha, words))
    return plain and not cannot_open(words[0].capitalize())


def is_city(place: str) -> bool:
    """Whether a place is known by name, however it is printed."""
    return _folded(place) in _words().cities


def is_known(place: str, region: str | None) -> bool:
    """Whether a place is printed in capitals and is known, or stands before a known region."""
    if place != place.upper():
        return False
    return is_city(place) or (region is not None and _folded(region) in _words().regions)


def part_reporter(words: str) -> tuple[str, str]:
    """A reporter and the place behind: ``Asha Rao New Delhi``; the longest known place, else one word."""
    pieces = words.split()
    for size in (3, 2):
        if len(pieces) > size and _folded(" ".join(pieces[-size:])) in _words().cities:
            return " ".join(pieces[:-size]), " ".join(pieces[-size:])
    return " ".join(pieces[:-1]), pieces[-1] if pieces else ""


def part_han_reporter(text: str) -> tuple[str, str]:
    """The same without spaces: ``楊啟芳台北`` → ``楊啟芳``, ``台北``."""
    place = next((name for name in _words().han if text.endswith(name)), text[_HAN_NAME:])
    return text.removesuffix(place), place
