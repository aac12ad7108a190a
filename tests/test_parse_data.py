"""The data files of the parser say nothing twice and name only what exists."""

from __future__ import annotations

import codecs
import tomllib
from collections import Counter
from importlib import resources
from typing import Any

from aggregator.parse.drafts import EntryDraft


def data(name: str) -> dict[str, Any]:
    return tomllib.loads(resources.files("aggregator").joinpath(f"data/{name}").read_text("utf8"))


def twice(names: list[str]) -> list[str]:
    return [name for name, uses in Counter(names).items() if uses > 1]


def test_a_name_is_of_one_month_only() -> None:
    months = data("dates.toml")["months"]
    names = [name for listed in months.values() for name in listed]
    assert sorted(map(int, months)) == list(range(1, 13))
    assert twice(names) == []
    assert all(len(name) > 1 and name == name.lower() for name in names)


def test_zones_are_whole_quarters_of_an_hour_and_not_too_far() -> None:
    zones = data("dates.toml")["zones"]
    assert all(minutes % 15 == 0 and abs(minutes) <= 14 * 60 for minutes in zones.values())
    assert all(name.isalpha() and name.isupper() and len(name) <= 5 for name in zones)


def test_every_encoding_exists_and_can_write_its_letters() -> None:
    encodings = data("encodings.toml")
    for name, letters in (encodings["runs"] | encodings["apart"]).items():
        assert codecs.lookup(name)
        assert letters.encode(name).decode(name) == letters


def test_elements_have_declared_prefixes_and_known_fields() -> None:
    elements = data("feed_elements.toml")
    names = [name for listed in elements["fields"].values() for name in listed] + elements["containers"][
        "names"
    ]
    assert twice(names) == []
    assert {name.rpartition(":")[0] for name in names} - {""} <= set(elements["namespaces"])
    assert set(elements["fields"]) <= set(EntryDraft._fields)
    assert twice([uri for listed in elements["namespaces"].values() for uri in listed]) == []
