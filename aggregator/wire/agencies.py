"""The agencies: who they are and how they sign. Reads ``data/agencies.toml`` once; pure after that."""

from __future__ import annotations

import functools
import re
import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any

from aggregator.errors import ConfigError

_FIELDS = {
    "name": str, "credit": str, "credits": list, "country": str, "languages": list, "domains": list,
    "families": list, "no_dash": bool, "paid": bool, "phrases": list, "shared": list, "alone": bool,
    "examples": list,
}  # fmt: skip
_NEEDED = ("name", "credits", "languages")
#: Shorter credits are taken as printed only: in capitals they are agencies, in small letters words.
SHORTEST_ANY_CASE = 4
_BETWEEN = re.compile(r"[/;,&+-]|\s[-–]\s|\s(?:and|und|et|y|e)\s")
_SERVICE_WORD = re.compile(
    r"\s(?:Staff|News|Agency|Newsroom|Writers?|Reporters?|Editors?|staff|agency|writers?)$"
)
_OUTER = " .·©:\t\u00a0\u200e\u200f"


@dataclass(frozen=True, slots=True)
class Agency:
    """One agency, as agencies.toml describes it."""

    key: str
    name: str
    credit: str
    credits: tuple[str, ...]
    languages: tuple[str, ...]
    domains: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    no_dash: bool = False
    paid: bool = False
    phrases: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    alone: bool = False
    country: str | None = None  # ISO 3166-1


def read_data(name: str) -> dict[str, Any]:
    """The tables of a data file of the package."""
    text = resources.files("aggregator").joinpath("data", name).read_text("utf-8")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise ConfigError((f"{name}: {fault}",)) from fault


@functools.cache
def load_agencies() -> dict[str, Agency]:
    """All agencies by key.

    Raises:
        ConfigError: the data file is wrong; every fault is named.
    """
    return agencies_of(read_data("agencies.toml"))


def agencies_of(data: dict[str, Any]) -> dict[str, Agency]:
    """The agencies of a parsed data file.

    Raises:
        ConfigError: unknown or missing fields, or one credit or domain of two agencies.
    """
    faults = [fault for key, row in data.items() for fault in _faults_of(key, row)]
    faults += [] if faults else _shared(data, "credits") + _shared(data, "domains")
    if faults:
        raise ConfigError(tuple(f"agencies.toml: {fault}" for fault in faults))
    return {key: _agency(key, row) for key, row in data.items()}


def _faults_of(key: str, row: object) -> list[str]:
    if not isinstance(row, dict):
        return [f"{key}: not a table"]
    faults = [f"{key}: {field} is missing" for field in _NEEDED if not row.get(field)]
    faults += [f"{key}.{field}: unknown" for field in row if field not in _FIELDS]
    faults += [
        f"{key}.{field}: must be a {kind.__name__}"
        for field, kind in _FIELDS.items()
        if field in row and not isinstance(row[field], kind)
    ]
    return faults


def _shared(data: dict[str, Any], field: str) -> list[str]:
    owners: dict[str, str] = {}
    faults = []
    for key, row in data.items():
        for value in row.get(field, ()):
            other = owners.setdefault(value, key)
            if other != key:
                faults.append(f"{key}.{field}: {value!r} belongs to {other}")
    return faults


def _agency(key: str, row: dict[str, Any]) -> Agency:
    return Agency(
        key=key,
        name=row["name"],
        credit=row.get("credit", row["name"]),
        credits=tuple(row["credits"]),
        languages=tuple(row["languages"]),
        domains=tuple(row.get("domains", ())),
        families=tuple(row.get("families", ())),
        no_dash=row.get("no_dash", False),
        paid=row.get("paid", False),
        phrases=tuple(row.get("phrases", ())),
        shared=tuple(row.get("shared", ())),
        alone=row.get("alone", False),
        country=row.get("country"),
    )


@functools.cache
def agency_names() -> dict[str, str]:
    """Key to display name, for all agencies."""
    return {key: agency.name for key, agency in load_agencies().items()}


def agency_of_domain(host: str | None) -> str | None:
    """The agency that owns a host or a domain above it; None when none does."""
    owners = _owners()
    labels = (host or "").lower().rstrip(".").split(".")
    domains = (".".join(labels[start:]) for start in range(len(labels) - 1))
    return next((owners[domain] for domain in domains if domain in owners), None)


def agency_of_phrase(text: str) -> str | None:
    """The agency that names itself in a text (``Ukrinform reports``); None when none does."""
    return next((key for phrase, key in _phrases() if phrase in text), None)


@functools.cache
def _phrases() -> tuple[tuple[str, str], ...]:
    return tuple((phrase, key) for key, agency in load_agencies().items() for phrase in agency.phrases)


@functools.cache
def paid_agencies() -> frozenset[str]:
    """The keys of the press-release wires: their copy is paid for by those it is about."""
    return frozenset(key for key, agency in load_agencies().items() if agency.paid)


@functools.cache
def _owners() -> dict[str, str]:
    return {domain: key for key, agency in load_agencies().items() for domain in agency.domains}


def agency_of_credit(printed: str) -> str | None:
    """The agency of a printed credit: ``Reuters``, ``APA/dpa`` (the first), ``ats afp``, ``ANTARA/Name``."""
    printed = printed.strip(_OUTER)
    found = _known(printed) or _of_first_words(printed)
    if found:
        return found
    pieces = [piece for piece in _BETWEEN.split(printed) if piece.strip(_OUTER)]
    first = _known(pieces[0].strip(_OUTER)) if len(pieces) > 1 else None
    return first or _of_all_words(printed) or _of_one_word(printed)


def agencies_of_credit(printed: str) -> tuple[str, ...]:
    """All agencies of a printed credit, in its order: ``APA/dpa``, ``ats afp``."""
    first = agency_of_credit(printed)
    if first is None or _known(printed.strip(_OUTER)):
        return (first,) if first else ()
    words = [piece for part in _BETWEEN.split(printed) for piece in (part, *part.split())]
    others = (_known(word.strip(_OUTER)) or _known(word.strip(_OUTER).upper()) for word in words)
    return tuple(dict.fromkeys([first, *filter(None, others)]))


def shares_credit(key: str | None, printed: str | None) -> bool:
    """Whether an agency also signs with a credit that is better known as another's (``APA`` of Baku)."""
    agency = load_agencies().get(key or "")
    return agency is not None and printed in agency.shared


def agency_named(printed: str) -> str | None:
    """The agency whose credit a text is and nothing more, but for a word like Staff; None otherwise."""
    return _known(_SERVICE_WORD.sub("", printed.strip().strip(_OUTER)))


def _known(printed: str) -> str | None:
    exact = _credits().get(printed)
    if exact or len(printed) < SHORTEST_ANY_CASE:
        return exact
    return _credits().get(printed.casefold())


def _of_all_words(printed: str) -> str | None:
    """``ats afp``: every word is a credit, the first one counts."""
    keys = [_known(word) or _known(word.upper()) for word in printed.split()]
    return keys[0] if len(keys) > 1 and all(keys) else None


def _of_first_words(printed: str) -> str | None:
    """``dpa-AFX Broker``, ``РИА Новости Украина``: one or two words at the start are a long credit."""
    words = printed.split()
    return _first_long([" ".join(words[:2]), words[0]]) if len(words) > 1 else None


def _of_one_word(printed: str) -> str | None:
    """``Корр. ТАСС Иван Лесной``: any word is a long credit."""
    words = printed.split()
    return _first_long(words) if len(words) > 1 else None


def _first_long(forms: list[str]) -> str | None:
    """The agency of the first form that is a long credit and no common word or name."""
    keys = (_credits().get(form) for form in forms if len(form) >= SHORTEST_ANY_CASE)
    return next((key for key in keys if key and not load_agencies()[key].alone), None)


@functools.cache
def _credits() -> dict[str, str]:
    """Every form as printed, and the longer ones in small letters too."""
    exact = {form: key for key, agency in load_agencies().items() for form in agency.credits}
    folded = {form.casefold(): key for form, key in exact.items() if len(form) >= SHORTEST_ANY_CASE}
    return folded | exact
