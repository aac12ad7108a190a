"""Which of a page's titles is its headline."""

from __future__ import annotations

import pytest

from aggregator.extract.page import read_page
from aggregator.extract.titles import Known, read_headline

URL = "https://www.quay.example/2026/11/ferry-sails-again-from-monday"


@pytest.mark.parametrize(
    ("window", "shared", "headings", "headline"),
    [
        ("Ferry sails again – Quay", "Back on the water", ["Ferry sails again"], "Ferry sails again"),
        ("Boats", "Ferry to sail again soon", ["Ferry sails again soon"], "Ferry sails again soon"),
        ("Boats and ships", "Ferry sails again", ["Boats", "Ferry sails again"], "Ferry sails again"),
        ("Quay: ferry sails", "Ferry sails again", ["Quay", "Ferry sails again"], "Ferry sails again"),
        ("Ferry sails again from Monday | Harbour Log", "", ["Harbour Log"], "Ferry sails again from Monday"),
        ("Bread is dear | Harbour Log", "", ["Harbour Log"], "Harbour Log"),
        ("Ferry sails again", "Ferry sails again", ["Boats Ferry sails again"], "Ferry sails again"),
        ("", "", ["Quay"], "Quay"),
        ("Ferry sails again | Quay", "", ["Quay"], "Ferry sails again"),
        ("Ferry sails again", "Ferry to sail again", ["☰", "Ferry sails again"], "Ferry sails again"),
        ("Boats", "***", ["Ferry sails again"], "Ferry sails again"),
        ("Ferry sails again from Monday | Boats", "Boats", ["Boats"], "Boats"),
        ("Ferry sails again from Monday on " * 20 + "| Boats", "", ["Boats"], "Boats"),
    ],
    ids=[
        "printed", "much the same", "as it is", "the outlet", "spelt", "not spelt", "rubric", "alone",
        "only the outlet", "a sign", "shared sign", "told twice", "too long",
    ],
)  # fmt: skip
def test_a_heading_is_believed_by_what_agrees_with_it(
    window: str, shared: str, headings: list[str], headline: str
) -> None:
    printed = "".join(f"<h1>{heading}</h1>" for heading in headings)
    page = f"<title>{window}</title><meta property=og:title content='{shared}'><body>{printed}"
    assert read_headline(read_page(page.encode(), URL), Known(None, frozenset(["quay"]))) == headline


def test_without_a_headline_told_signs_alone_are_none() -> None:
    page = read_page("<body><h1>\ue001</h1><h1>Ferry sails again</h1>".encode(), URL)
    assert read_headline(page, Known(None, frozenset())) == "Ferry sails again"


def test_a_full_stop_within_an_address_cuts_nothing_off() -> None:
    page = b"<title>Ferry No.1 sails again from Monday | Harbour Log</title><h1>Harbour Log</h1>"
    read = read_page(page, "https://www.quay.example/ferry-no.1-sails-again-from-monday")
    assert read_headline(read, Known(None, frozenset())) == "Ferry No.1 sails again from Monday"


def test_an_address_that_is_none_spells_nothing() -> None:
    page = read_page(
        b"<title>Ferry sails again | Boats</title><h1>Boats</h1>", "http://[bad/ferry-sails-again"
    )
    assert read_headline(page, Known(None, frozenset())) == "Boats"


def test_umlauts_of_a_title_are_spelt_both_ways_in_an_address() -> None:
    page = "<title>Über die Fähre nach Grünau : Hafenblatt</title><h1>Hafenblatt</h1>".encode()
    for address in ("uber-die-fahre-nach-grunau", "ueber-die-faehre-nach-gruenau.html"):
        read = read_page(page, f"https://blatt.example/{address}")
        assert read_headline(read, Known(None, frozenset())) == "Über die Fähre nach Grünau"


def test_a_headline_cut_short_is_taken_whole_where_the_page_has_it() -> None:
    page = read_page(b"<body><h1>Ferry sails again after the harbour is dredged</h1>", URL)
    assert read_headline(page, Known("Ferry sails again after the...", frozenset())) == (
        "Ferry sails again after the harbour is dredged"
    )
