"""Slugs, item ids and urgency: every example of the data file, and what only looks like one."""

from dataclasses import replace
from typing import Any

import pytest

from aggregator.model import Article, Relation, TextBasis
from aggregator.wire import read_copy, read_wire
from aggregator.wire.agencies import load_agencies
from aggregator.wire.slugs import item_id_of, read_slug, read_slug_line, read_slugs, urgency_of

LINES = [(row, example) for row in read_slugs()["lines"] for example in row["examples"]]
IDS = [(row, example) for row in read_slugs()["ids"] for example in row["examples"]]
PLAIN = Article(
    url="https://example.org/school",
    headline="Bakers open a school",
    paragraphs=("Bakers have opened a school in Ghent.", "It has nine ovens.", "Bread is baked there daily."),
    text_basis=TextBasis.PAGE,
    extractor="signs",
)


@pytest.mark.parametrize(("row", "example"), LINES, ids=[example["text"] for _, example in LINES])
def test_every_line_is_read_as_it_says(row: dict[str, Any], example: dict[str, Any]) -> None:
    found = read_slug_line(example["text"])
    assert found is not None, row["name"]
    assert (found.slug, found.item_id) == (example.get("slug"), example.get("item_id"))


@pytest.mark.parametrize(("row", "example"), IDS, ids=[example["text"] for _, example in IDS])
def test_every_id_is_read_as_it_says(row: dict[str, Any], example: dict[str, Any]) -> None:
    assert row["agency"] in load_agencies()
    assert item_id_of(example["text"]) == (row["agency"], example["id"])


@pytest.mark.parametrize(
    "line",
    [
        "Bakers said on Monday that flour was dear.",
        "(AP)",
        "(Reuters)",
        "GHENT",
        "GHENT/BRUGES, March 3 (AP) - Bakers",
        "KILL KILL KILL",
        "A/C",
        "Ghent-based",
        "and/or",
        "(2017)",
        "(UPDATE)",
        "",
    ],
)
def test_lines_that_are_no_slug(line: str) -> None:
    assert read_slug_line(line) is None


@pytest.mark.parametrize(
    "name",
    [
        "https://example.org/2017/10/19/bakers",
        "https://apnews.com/hub/bread",
        "https://tass.com/rss/v2.xml",
        "a1b2",
        "",
        None,
    ],
)
def test_names_without_an_agency_id(name: str | None) -> None:
    assert item_id_of(name) is None


def test_the_take_behind_a_slug_is_a_mark() -> None:
    first, later = read_slug("BC-EU--Bakers School"), read_slug("AP-EU--Bakers School, 3rd Ld-Writethru")
    assert first is not None
    assert later is not None
    assert first.slug == later.slug == "EU--Bakers School"
    assert first.mark is None
    assert later.mark is not None
    assert (later.mark.printed, later.mark.relation) == ("3rd Ld-Writethru", Relation.UPDATE)


@pytest.mark.parametrize(
    ("mark", "urgency"),
    [
        ("FLASH", 1),
        ("(URGENT)", 3),
        ("BREAKING NEWS", 2),
        ("EILMELDUNG", 2),
        ("ULTIM'ORA", 2),
        ("СРОЧНО", 3),
        ("[속보]", 2),
        ("FACTBOX", None),
        ("Flashback", None),
        (None, None),
    ],
)
def test_urgency_as_printed(mark: str | None, urgency: int | None) -> None:
    assert urgency_of(mark) == urgency


def test_slug_lines_are_taken_out_of_the_text() -> None:
    article = replace(
        PLAIN, paragraphs=("GHENT-BAKERS/SCHOOL (UPDATE 2, PIX)", *PLAIN.paragraphs, "(BKR117)")
    )
    read = read_wire(article)
    assert read.paragraphs == PLAIN.paragraphs
    assert (read.slug, read.item_id) == ("GHENT-BAKERS/SCHOOL", "BKR117")
    assert (read.relation, read.mark) == (Relation.UPDATE, "UPDATE 2, PIX")


def test_what_the_page_says_of_itself_comes_first() -> None:
    article = replace(PLAIN, slug="AP-EU--Bakers School, 1st Ld-Writethru", item_id="117", urgency=4)
    read = read_wire(replace(article, paragraphs=("GHENT-BAKERS/", *PLAIN.paragraphs)), guid="x")
    assert (read.slug, read.item_id, read.urgency) == ("EU--Bakers School", "117", 4)


def test_an_id_in_the_guid_names_the_agency_too() -> None:
    read = read_wire(PLAIN, guid="tag:reuters.com,2024:newsml_L8N1AB2CD:3")
    assert (read.agency, read.item_id) == ("reuters", "L8N1AB2CD")


def test_plain_copy_may_begin_with_its_slug() -> None:
    read = read_copy(
        "BC-EU--Bakers School, 2nd Ld-Writethru\n\nBakers open a school\n\nGHENT (AP) - It has ovens."
    )
    assert (read.slug, read.headline, read.paragraphs) == (
        "EU--Bakers School",
        "Bakers open a school",
        ("It has ovens.",),
    )
