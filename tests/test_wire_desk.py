"""Whole pieces of copy, and articles as they come from pages."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.cli.reading import record_of
from aggregator.model import Article, Relation, Status, TextBasis
from aggregator.wire import read_copy, read_wire
from aggregator.wire.datelines import read_dateline
from aggregator.wire.marks import read_line_mark, read_mark

COPY = sorted((Path(__file__).parent / "wire" / "copy").glob("*.txt"))
PUBLISHED = datetime(2017, 10, 19, 12, tzinfo=UTC)
PLAIN = Article(
    url="https://example.org/bridge",
    headline="The bridge is open",
    paragraphs=("The bridge is open.",),
    text_basis=TextBasis.PAGE,
    extractor="density",
    outlet="example.org",
)


@pytest.mark.parametrize("path", COPY, ids=[path.stem for path in COPY])
def test_copy_is_read_as_its_expectation_says(path: Path) -> None:
    expected: dict[str, Any] = json.loads(path.with_suffix(".json").read_text("utf-8"))
    record = record_of(read_copy(path.read_text("utf-8"), PUBLISHED))
    read = json.loads(json.dumps(record))
    assert {key: read[key] for key in expected} == expected


def test_an_article_without_any_sign_stays_as_it_was() -> None:
    assert read_wire(PLAIN) == replace(PLAIN, language="en")


def test_the_agency_is_who_wrote_it_not_who_carries_it() -> None:
    article = replace(PLAIN, outlet="tass.com", paragraphs=("PARIS (AFP) - The bridge is open.",))
    assert read_wire(article, default_agency="tass").agency == "afp"


@pytest.mark.parametrize(
    ("changes", "default", "agency"),
    [
        ({}, None, None),
        ({}, "tass", "tass"),
        ({"outlet": "en.yna.co.kr"}, None, "yonhap"),
        ({"byline": "By Ann Baker, Associated Press"}, "tass", "ap"),
        ({"paragraphs": ("The bridge is safe.", "Source: Xinhua")}, "tass", "xinhua"),
        ({"agency": "efe"}, None, "efe"),
    ],
)
def test_where_the_agency_comes_from(
    changes: dict[str, Any], default: str | None, agency: str | None
) -> None:
    assert read_wire(replace(PLAIN, **changes), default_agency=default).agency == agency


def test_letters_of_two_agencies_are_read_by_the_feed() -> None:
    article = replace(PLAIN, paragraphs=("Ganja (APA) - The bridge is open.",))
    assert read_wire(article).agency == "apa"
    read = read_wire(article, default_agency="apa-az")
    assert read.agency == "apa-az"
    assert read.dateline is not None
    assert read.dateline.agency == "apa-az"


def test_a_note_before_the_dateline_is_kept_and_read() -> None:
    article = replace(PLAIN, paragraphs=("(Corrects length of bridge) PARIS (AFP) - The bridge is open.",))
    read = read_wire(article)
    assert read.paragraphs == ("The bridge is open.",)
    assert (read.relation, read.mark) == (Relation.CORRECTION, "(Corrects length of bridge)")
    assert read.credit == "(Corrects length of bridge)"


def test_text_is_exact_behind_the_dateline() -> None:
    odd = "“Odd”  text — with   ’marks’ \u00a0 stays."
    article = replace(PLAIN, paragraphs=(f"PARIS, Oct 19 (Reuters) - {odd}", odd))
    assert read_wire(article).paragraphs == (odd, odd)


def test_a_kill_cancels_and_a_hold_withholds() -> None:
    killed = read_wire(replace(PLAIN, headline="STORY WITHDRAWN-The bridge is open"))
    held = read_wire(replace(PLAIN, headline="HOLD HOLD HOLD The bridge is open"))
    assert (killed.relation, killed.status) == (Relation.KILL, Status.CANCELED)
    assert (held.relation, held.status) == (Relation.ORIGINAL, Status.WITHHELD)


def test_a_dateline_on_its_own_line_leaves_no_empty_paragraph() -> None:
    article = replace(PLAIN, paragraphs=("Baku, April 4, AZERTAC\n", "The bridge is open."))
    assert read_wire(article).paragraphs == ("The bridge is open.",)


def test_an_article_without_text_is_no_fault() -> None:
    empty = replace(PLAIN, headline=None, paragraphs=())
    assert read_wire(empty) == empty


def test_copy_without_blank_lines_is_read_line_by_line() -> None:
    article = read_copy("Bridge opens\nPARIS (AFP) - The bridge is open.\nIt is long.")
    assert (article.headline, article.paragraphs) == ("Bridge opens", ("The bridge is open.", "It is long."))


@pytest.mark.parametrize(
    "text", ["", "\n\n", "A" * 1_000_000, "A\n\n" * 100_000, '"' * 100_000, "\x00\x1b[2J"]
)
def test_hostile_copy_is_read_without_a_fault(text: str) -> None:
    article = read_copy(text)
    assert "\x1b" not in article.body


#: Letters, signs and words that the rules look for.
PIECES = st.lists(
    st.sampled_from(
        [
            *"aA.,:;-–—()/[]\"'“”«»„\n\t 19éЖ新서",
            "PARIS",
            "Oct",
            "Reuters",
            "AP",
            " said ",
            "he",
            "By ",
            "UPDATE 1-",
            "KILL ",
        ]
    )
    | st.text(max_size=5),
    max_size=60,
).map("".join)


@given(PIECES)
def test_nothing_that_is_typed_is_a_fault(text: str) -> None:
    found = read_dateline(text)
    assert found is None or 0 < found.body_start <= len(text)
    mark = read_mark(text)
    assert mark is None or mark.mark.printed
    assert read_line_mark(text) is None or text.strip()
    assert read_copy(text).extractor == "wire_copy"


@given(PIECES, PIECES)
def test_the_text_behind_the_dateline_is_a_piece_of_what_was_given(first: str, second: str) -> None:
    read = read_wire(replace(PLAIN, headline=None, paragraphs=(first, second)))
    assert all(any(text in given for given in (first, second)) for text in read.paragraphs)
