"""Marks of headlines and lines: every example of the data file, and what only looks like one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.model import Relation
from aggregator.wire.agencies import read_data
from aggregator.wire.marks import ends_for, load_signs, read_line_mark, read_mark

EXAMPLES = [(row, example) for row in read_data("marks.toml")["marks"] for example in row["examples"]]


@pytest.mark.parametrize(
    ("row", "example"), EXAMPLES, ids=[f"{row['name']}-{example['text'][:20]}" for row, example in EXAMPLES]
)
def test_every_example_is_read_as_it_says(row: dict[str, Any], example: dict[str, Any]) -> None:
    agency = next(iter(row.get("agencies", ())), None)
    found = read_line_mark(example["text"]) if row["at"] == "line" else read_mark(example["text"], agency)
    assert found is not None
    assert found.mark.headline == example["left"]
    assert found.mark.number == example.get("number")
    assert found.mark.relation == row["relation"]
    assert found.hold == row.get("hold", False)


_PIECES = [
    "Bread",
    " ",
    ",",
    "-",
    "–",
    "(",
    "[",
    ")",
    "]",
    "2",
    "2nd",
    "Ld",
    "Lead",
    "Writethru",
    "종합",
    "2보",
]
_PIECES += ["UPDATE", "Updated", "CORRECTED", "WITHDRAWN", "STORY ", "KILLED", " (2)", "\n"]


@given(st.lists(st.sampled_from(_PIECES), max_size=9).map("".join))
def test_no_sign_at_the_end_is_passed_over(headline: str) -> None:
    found = {sign.name for sign in load_signs("end") if sign.pattern.search(headline)}
    assert found <= {sign.name for sign in ends_for(headline)}


@pytest.mark.parametrize(
    "headline",
    [
        "Kill Bill sequel opens",
        "Update on the state of bread",
        "Breaking bread in Ghent",
        "Lead pipes found under bakery",
        "Hold the line, bakers say",
        "Rates: bakers wait",
        "Correction in flour prices deepens",
        "Bakers win 3-2",
        "Bakers win (2)",
        "FLASH FLOODS REACH BAKERY",
        "Retraction: journal pulls study on bread",
        "HOLD: Analysts see flour unchanged",
        "EMBARGO - Town bans foreign flour",
        "Annulation : le festival du pain attendra",
        "",
    ],
)
def test_headlines_without_a_mark(headline: str) -> None:
    assert read_mark(headline) is None


@pytest.mark.parametrize(
    "line",
    [
        "The story of bread is long.",
        "Bakers said the withdrawn flour was safe.",
        "(Miller was born in Ghent)",
        "Correction",
        "The report on the night a baker was killed is out.",
        "The story on the lion that has been killed is long.",
        "A daily has withdrawn its story about the school.",
        "Embargo for foreign flour would hurt nine bakers.",
        "Sperrfrist für Dünger beginnt am 1. November.",
        "The article of the law was clarified on Monday.",
    ],
)
def test_lines_without_a_mark(line: str) -> None:
    assert read_line_mark(line) is None


def test_several_signs_are_one_mark_and_the_gravest_counts() -> None:
    found = read_mark("CORRECTED-UPDATE 3-Bakers open a school")
    assert found is not None
    assert found.mark.printed == "CORRECTED UPDATE 3"
    assert found.mark.relation is Relation.CORRECTION
    assert found.mark.number == 3
    assert found.mark.headline == "Bakers open a school"


def test_a_headline_that_is_only_a_sign_stays() -> None:
    found = read_mark("STORY WITHDRAWN")
    assert found is not None
    assert found.mark.headline == "STORY WITHDRAWN"
    assert found.mark.relation is Relation.KILL
