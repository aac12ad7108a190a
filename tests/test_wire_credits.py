"""Sign-offs, copyrights and bylines: every example of the data file, and prose that only looks alike."""

from typing import Any

import pytest

from aggregator.wire.agencies import agency_of_phrase, load_agencies, read_data
from aggregator.wire.credits import names_of, read_byline_line, read_credit_line, read_end, split_tails

LINES = [(row["name"], line) for row in read_data("credits.toml")["lines"] for line in row["examples"]]
ENDS = [example for row in read_data("credits.toml")["ends"] for example in row["examples"]]


@pytest.mark.parametrize(("name", "line"), LINES, ids=[line[:30] for _, line in LINES])
def test_every_example_is_its_kind_of_line(name: str, line: str) -> None:
    found = read_credit_line(line)
    assert found is not None
    assert found[0] == name


@pytest.mark.parametrize("example", ENDS, ids=[example["text"][-10:] for example in ENDS])
def test_every_closing_sign_is_taken_off(example: dict[str, Any]) -> None:
    found = read_end(example["text"])
    assert found is not None
    assert found[0] == example["left"]
    assert example["text"].endswith(found[1])


@pytest.mark.parametrize(
    "line",
    [
        "Nine cases were reported from Ghent.",
        "Contact with the ship was lost.",
        "Compiled by the ministry over nine years, the list names each baker. It is long.",
        "The end.",
        "Source of the smell was the oven.",
        "Bread",
    ],
)
def test_prose_is_no_credit_line(line: str) -> None:
    assert read_credit_line(line) is None


@pytest.mark.parametrize(
    "text", ["He works for AP", "He spoke to TASS.", "She left (twice).", "The ends", "", "x" * 1_000_000]
)
def test_prose_has_no_closing_sign(text: str) -> None:
    assert read_end(text) is None


def test_tails_leave_at_least_one_paragraph() -> None:
    tails = split_tails(("(TASS)", "(END)", "Reporting by Ann Baker"))
    assert tails.paragraphs == ("(TASS)",)
    assert tails.lines == ("(END)", "Reporting by Ann Baker")


def test_a_sign_off_names_the_agency() -> None:
    assert split_tails(("Most je otvoren.", "–ČTK/RED–")).agency == "ctk"
    assert split_tails(("Podul este deschis.", "AGERPRES/(AS - autor: Ana Brutaru)")).agency == "agerpres"


@pytest.mark.parametrize(
    ("byline", "names", "agency"),
    [
        ("By Ann Baker, dpa", "Ann Baker", "dpa"),
        ("ANN BAKER, Associated Press", "ANN BAKER", "ap"),
        ("Reuters", None, "reuters"),
        ("By Ann Baker and Tom Miller", "Ann Baker and Tom Miller", None),
        ("Von Eva Kranz", "Eva Kranz", None),
        ("Ann Baker | AFP", "Ann Baker", "afp"),
        ("Reuters Staff", None, "reuters"),
        ("Petra Kranz", "Petra Kranz", None),
        ("Bloomberg Jones", "Bloomberg Jones", None),
        ("", None, None),
    ],
)
def test_bylines(byline: str, names: str | None, agency: str | None) -> None:
    assert names_of(byline) == (names, agency)


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("By Ann Baker", "Ann Baker"),
        ("By Ann Baker Jr.", "Ann Baker Jr."),
        ("By Monday the ovens were cold.", None),
        ("by the river", None),
        ("Von " + "x" * 1_000_000, None),
    ],
    ids=["plain", "junior", "sentence", "small", "long"],
)
def test_byline_lines(line: str, names: str | None) -> None:
    assert read_byline_line(line) == names


def test_an_agency_without_datelines_names_itself() -> None:
    assert agency_of_phrase("The market reopened, Ukrinform reports.") == "ukrinform"
    assert agency_of_phrase("The market reopened.") is None
    assert all(phrase for agency in load_agencies().values() for phrase in agency.phrases)
