"""Where the places of datelines lie: a name as printed → a city, with the reason. Pure; the names are data.

``aggregator/data/gazetteer.tsv`` is made by ``bench/gazetteer.py`` from GeoNames; what is not in it is not
on the map, rather than guessed.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from importlib import resources

#: One name, many cities: a capital counts for ten times its people (Georgetown is Guyana's, 0.2 million, not
#: Penang's, 0.7; yet Hamilton is Ontario's, not Bermuda's, of 900 people).
_CAPITAL_COUNTS = 10
#: The agency's own country for four times: agencies print the country behind the foreign one of two names
#: (EFE's Valencia is Spain's, 0.8 million, not Venezuela's, 1.4; APP's Hyderabad is Pakistan's).
_HOME_COUNTS = 4
#: What a city is called first for five times what others call it (Nice is no other city in French).
_OWN_NAME_COUNTS = 5
#: Letters that are written in more than one way; stretching and half-spaces go.
_LETTERS = str.maketrans("آأإٱىیئکةۀھ臺", "اااايييكههه台", "ـ\u200c\u200d\u200e\u200f")
_BETWEEN = re.compile(r"[/;&،,]|\s[-–—]\s")
#: What follows a comma, or stands in brackets; a bracket holds credits too, (PA) is no state.
_AFTER = re.compile(r",\s*([^,()（）\d]{2,40})|[(（]\s*([^,()（）\d]{4,40})")


@dataclass(frozen=True, slots=True)
class City:
    """A row of the gazetteer."""

    name: str
    country: str  # ISO 3166-1
    state: str  # of the United States and Canada, as GeoNames numbers it; else empty
    latitude: float
    longitude: float
    people: int
    capital: bool


@dataclass(frozen=True, slots=True)
class Located:
    """A place on the map, and why there."""

    city: City
    why: str


@dataclass(frozen=True, slots=True)
class _Gazetteer:
    cities: dict[str, tuple[City, ...]]  # by folded name
    regions: dict[str, frozenset[str]]  # folded name of a country or state → its codes
    names: dict[str, str]  # code → name for people


def locate(place: str, region: str | None = None, home: str | None = None) -> Located | None:
    """The city that a dateline's place means; None when the gazetteer has none.

    Args:
        place: as printed: ``MOSCOW``, ``Москва``, ``CAIRO/TUNIS`` (the first one counts).
        region: country or state as printed behind it.
        home: ISO 3166-1 code of the agency's country.
    """
    found = _named(place)
    codes = _gazetteer().regions.get(fold(region or ""), frozenset())
    if codes:
        found = tuple(city for city in found if _codes(city) & codes)
    if not found:
        return None
    best = max(found, key=lambda city: _weight(city, place, home))
    return Located(best, _reason(best, len(found), region if codes else None, home))


def region_after(text: str | None) -> str | None:
    """The country or state that opens what a dateline says behind its place; None when it says none."""
    for found in _AFTER.finditer(text or ""):
        part = (found[1] or found[2]).strip()
        if fold(part) in _gazetteer().regions:
            return part
    return None


def country_name(city: City) -> str:
    """Its country, before it the state in the United States and Canada."""
    names = _gazetteer().names
    country = names.get(city.country, city.country)
    state = names.get(f"{city.country}-{city.state}")
    return f"{state}, {country}" if state else country


def fold(name: str) -> str:
    """What is compared of a name: letters and digits, without case and accents, each written in one way."""
    parted = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(c for c in parted if not unicodedata.combining(c)).translate(_LETTERS)
    kept = (c for c in unicodedata.normalize("NFC", plain) if unicodedata.category(c)[0] in "LMN")
    return "".join(kept)


def _named(place: str) -> tuple[City, ...]:
    """The cities of that name, else of the first one of several places."""
    cities = _gazetteer().cities
    found = cities.get(fold(place), ())
    return found or cities.get(fold(_BETWEEN.split(place, maxsplit=1)[0]), ())


def _codes(city: City) -> set[str]:
    return {city.country, f"{city.country}-{city.state}"}


def _weight(city: City, place: str, home: str | None) -> int:
    """What is heavier is more likely meant."""
    own_name = _OWN_NAME_COUNTS if fold(city.name) == fold(place) else 1
    return (
        city.people
        * (_CAPITAL_COUNTS if city.capital else 1)
        * (_HOME_COUNTS if city.country == home else 1)
        * own_name
    )


def _reason(city: City, rivals: int, region: str | None, home: str | None) -> str:
    if region:
        return f"the dateline says {region}"
    if rivals == 1:
        return "the only one of that name in the gazetteer"
    if city.country == home:
        return f"the agency's own country; {rivals} have that name"
    return f"the {'capital' if city.capital else 'largest'} of {rivals} of that name"


@functools.cache
def _gazetteer() -> _Gazetteer:
    cities: dict[str, tuple[City, ...]] = defaultdict(tuple)
    for name, country, state, latitude, longitude, people, capital, names in _rows("gazetteer.tsv"):
        city = City(
            name, country, state, float(latitude), float(longitude), int(people), capital == "capital"
        )
        for each in names.split("|"):
            cities[each] += (city,)
    regions: dict[str, frozenset[str]] = defaultdict(frozenset)
    shown = {}
    for code, name, others in _rows("regions.tsv"):
        shown[code] = name
        for each in (name, *filter(None, others.split("|"))):
            regions[fold(each)] |= {code}
    return _Gazetteer(dict(cities), dict(regions), shown)


def _rows(file: str) -> list[list[str]]:
    text = resources.files("aggregator").joinpath("data", file).read_text("utf-8")
    return [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
