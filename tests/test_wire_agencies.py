"""The agencies' data file, its checks, and the two questions it answers."""

from typing import Any

import pytest

from aggregator.errors import ConfigError
from aggregator.wire.agencies import (
    agencies_of,
    agencies_of_credit,
    agency_names,
    agency_of_credit,
    agency_of_domain,
    load_agencies,
    read_data,
)
from aggregator.wire.datelines import read_dateline

EXAMPLES = [
    (key, example) for key, row in read_data("agencies.toml").items() for example in row.get("examples", ())
]


@pytest.mark.parametrize(
    ("key", "example"), EXAMPLES, ids=[f"{key}-{example['body']}" for key, example in EXAMPLES]
)
def test_every_example_is_read_as_it_says(key: str, example: dict[str, Any]) -> None:
    found = read_dateline(example["text"])
    assert found is not None
    expected = (example.get("agency", key), example.get("place"), example.get("month"), example.get("day"))
    assert (found.agency, found.place, found.month, found.day) == expected
    assert example["text"][found.body_start :].startswith(example["body"])


def test_every_agency_shows_how_it_is_read() -> None:
    shown = {key for key, _ in EXAMPLES}
    assert {key for key, agency in load_agencies().items() if not agency.phrases} <= shown


def test_the_file_holds_the_agencies_we_promise() -> None:
    agencies = load_agencies()
    assert len(agencies) >= 83
    assert len({language for agency in agencies.values() for language in agency.languages}) >= 17
    assert {"prnewswire", "businesswire", "globenewswire", "ots"} <= {
        key for key, agency in agencies.items() if agency.paid
    }


@pytest.mark.parametrize(
    ("printed", "key"),
    [
        ("Reuters", "reuters"),
        ("REUTERS", "reuters"),
        ("APA/dpa", "apa"),
        ("ats afp", "ats"),
        ("ANTARA/A Name", "antara"),
        ("© AFP", "afp"),
        ("map", None),
        ("Example Shoes", None),
        ("Petra Kranz", None),
        ("dpa-AFX Broker", "dpa-afx"),
        ("Корр. ТАСС Иван Лесной", "tass"),
        ("", None),
    ],
)
def test_credits(printed: str, key: str | None) -> None:
    assert agency_of_credit(printed) == key


@pytest.mark.parametrize(
    ("printed", "keys"),
    [
        ("APA/dpa", ("apa", "dpa")),
        ("ats afp", ("ats", "afp")),
        ("dpa-AFX", ("dpa-afx",)),
        ("NTB-AFP-DPA", ("ntb", "afp", "dpa")),
        ("Example", ()),
    ],
)
def test_credits_of_several_agencies(printed: str, keys: tuple[str, ...]) -> None:
    assert agencies_of_credit(printed) == keys


@pytest.mark.parametrize(
    ("host", "key"),
    [
        ("tass.com", "tass"),
        ("en.yna.co.kr", "yonhap"),
        ("EN.YNA.CO.KR.", "yonhap"),
        ("nottass.com", None),
        ("com", None),
        ("", None),
        (None, None),
    ],
)
def test_domains(host: str | None, key: str | None) -> None:
    assert agency_of_domain(host) == key


def test_names_are_for_people() -> None:
    assert agency_names()["afp"] == "Agence France-Presse"


def test_a_bad_file_names_every_fault() -> None:
    good = {"name": "Example", "credits": ["EX"], "languages": ["en"]}
    with pytest.raises(ConfigError) as caught:
        agencies_of({"a": {**good, "colour": "red"}, "b": {"name": "B", "languages": ["en"]}, "c": 3})
    assert caught.value.faults == (
        "agencies.toml: a.colour: unknown",
        "agencies.toml: b: credits is missing",
        "agencies.toml: c: not a table",
    )


def test_one_credit_belongs_to_one_agency() -> None:
    good = {"name": "Example", "credits": ["EX"], "languages": ["en"]}
    with pytest.raises(ConfigError, match=r"b\.credits: 'EX' belongs to a"):
        agencies_of({"a": good, "b": good})
