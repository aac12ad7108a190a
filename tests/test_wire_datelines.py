"""Datelines: our own openings of many agencies and languages, and sentences that only look like datelines."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.wire.agencies import load_agencies, read_data
from aggregator.wire.datelines import load_shapes, read_dateline, shapes_for
from aggregator.wire.heads import nearest_date

HERE = Path(__file__).parent / "wire"
OPENINGS = [
    line.replace("\\n", "\n").split("\t")
    for line in (HERE / "datelines.tsv").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]
OTHERS = (HERE / "not-datelines.txt").read_text("utf-8").splitlines()


@pytest.mark.parametrize("row", OPENINGS, ids=[f"{number}-{row[3]}" for number, row in enumerate(OPENINGS)])
def test_openings(row: list[str]) -> None:
    place, month, day, agency, body, text = row
    found = read_dateline(text)
    assert found is not None
    read = (found.place or "", str(found.month or ""), str(found.day or ""), found.agency or "")
    assert read == (place, month, day, agency)
    assert text[found.body_start :].startswith(body)
    assert found.raw in text


@pytest.mark.parametrize("text", OTHERS, ids=[str(number) for number in range(len(OTHERS))])
def test_sentences_that_only_look_like_datelines(text: str) -> None:
    assert read_dateline(text) is None


_PIECES = [
    "OSLO",
    "Oslo",
    ", ",
    ". ",
    "May 3",
    "3",
    " ",
    "\n",
    "(",
    ")",
    "Reuters",
    "AP",
    "dpa",
    "TASS",
    "INA",
    "Kyodo",
]
_PIECES += [
    "-",
    "–",
    "—",
    " - ",
    "-- ",
    "/",
    "/ ",
    "|",
    " | ",
    ":",
    ": ",
    "=",
    "【",
    "】",
    "[",
    "]",
    "（",
    "）",
    "共同",
    "中央社記者",
    "31日電",
]


@given(st.lists(st.sampled_from(_PIECES), max_size=14).map("".join))
def test_no_shape_is_passed_over_that_would_match(opening: str) -> None:
    matching = {shape.name for shape in load_shapes() if shape.pattern.match(opening)}
    assert matching <= {shape.name for shape in shapes_for(opening)}


@pytest.mark.parametrize("row", OPENINGS, ids=[f"{number}-{row[3]}" for number, row in enumerate(OPENINGS)])
def test_no_shape_is_passed_over_at_a_dateline(row: list[str]) -> None:
    matching = {shape.name for shape in load_shapes() if shape.pattern.match(row[5])}
    assert matching <= {shape.name for shape in shapes_for(row[5])}


def test_all_parts_of_a_dateline() -> None:
    text = "WEST PALM BEACH, Fla./OTTAWA, Dec. 30, 2016 (Reuters) - Snow fell."
    found = read_dateline(text, datetime(2017, 1, 2, tzinfo=UTC))
    assert found is not None
    assert found.raw == "WEST PALM BEACH, Fla./OTTAWA, Dec. 30, 2016 (Reuters) -"
    assert found.places == ("WEST PALM BEACH", "OTTAWA")
    assert found.region == "Fla."
    assert (found.year, found.date, found.days_off) == (2016, date(2016, 12, 30), -3)
    assert (found.agency, found.credit, found.rule) == ("reuters", "Reuters", "place_paren")
    assert text[found.body_start :] == "Snow fell."


@pytest.mark.parametrize(
    ("month", "day", "year", "published", "expected"),
    [
        (12, 31, None, date(2018, 1, 1), date(2017, 12, 31)),
        (1, 1, None, date(2017, 12, 31), date(2018, 1, 1)),
        (10, 19, None, date(2017, 10, 19), date(2017, 10, 19)),
        (2, 29, None, date(2017, 3, 1), date(2016, 2, 29)),
        (10, 19, 2015, date(2017, 10, 19), date(2015, 10, 19)),
        (10, 19, None, None, None),
        (2, 29, 2017, None, None),
        (None, 31, None, date(2017, 11, 1), date(2017, 10, 31)),
        (None, 19, None, None, None),
    ],
)
def test_the_year_is_the_one_nearest_to_publication(
    month: int | None, day: int, year: int | None, published: date | None, expected: date | None
) -> None:
    assert nearest_date(month, day, year, published) == expected


def test_a_byline_before_the_dateline_is_read() -> None:
    found = read_dateline("By Ann Baker, dpa\n\nKassel (dpa) - The bridge is open.")
    assert found is not None
    assert (found.byline, found.place) == ("Ann Baker", "Kassel")


def test_a_byline_on_the_same_line_is_parted_from_the_place() -> None:
    found = read_dateline("By Asha Rao New Delhi, Oct 17 (PTI) The theatre reopened.")
    assert found is not None
    assert (found.byline, found.place) == ("Asha Rao", "New Delhi")


def test_one_month_of_two_languages_is_read_by_the_agency() -> None:
    croatian = read_dateline("ZADAR, 4. listopada 2019. (Hina) - Riva je otvorena.")
    polish = read_dateline("Toruń, 4 listopada (PAP) - Most jest otwarty.")
    assert croatian is not None
    assert polish is not None
    assert (croatian.month, polish.month) == (10, 11)


def test_every_family_of_the_agencies_is_a_shape_with_bare_names() -> None:
    bare = {row["name"] for row in read_data("datelines.toml")["shapes"] if "NAMES" in row["pattern"]}
    used = {family for agency in load_agencies().values() for family in agency.families}
    assert used == bare


HOSTILE = [
    "A" * 1_000_000,
    "A " * 500_000,
    "(" * 1_000_000,
    "(A" * 500_000,
    "PARIS, " * 150_000,
    "PARIS/" * 170_000,
    "/" * 1_000_000,
    "- " * 500_000,
    "(a)" * 330_000,
    "* a\n" * 250_000,
    "By A\n" * 200_000,
    "PARIS, Oct 19 " * 70_000,
    "\n" * 1_000_000,
    "\u200f" * 1_000_000,
    "新华社" * 330_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=[repr(text[:8]) for text in HOSTILE])
def test_only_the_opening_is_looked_at(text: str) -> None:
    assert read_dateline(text) == read_dateline(text[:1_200])


def test_shapes_have_names_of_their_own() -> None:
    names = [shape.name for shape in load_shapes()]
    assert len(names) == len(set(names))
