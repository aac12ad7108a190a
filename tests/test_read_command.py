"""`aggregator read`: files, standard input, pages, and what cannot be read."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aggregator.cli import main

COPY = Path(__file__).parent / "wire" / "copy"
PAGE = b"""<!doctype html><html lang="en"><head><title>UPDATE 1-The bridge is open</title></head>
<body><article>
<h1>UPDATE 1-The bridge is open</h1>
<p>PARIS, Oct 19 (Reuters) - The bridge over the river is open again after nine long years of work.</p>
<p>Everyone in the town came to see it, the mayor said, and nobody went home before the evening.</p>
</article></body></html>"""


def run(*args: str, data: bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["read", *args], input=data)


def test_a_file_becomes_one_json_object() -> None:
    result = run(str(COPY / "slash-dot.txt"), "--published", "2017-10-19T12:00:00Z")
    assert result.exit_code == 0
    record = json.loads(result.stdout)
    assert record["published_at"] == "2017-10-19T12:00:00Z"
    assert record["dateline_parts"] == {
        "raw": "TOMSK, October 19./TASS/.",
        "place": "TOMSK",
        "places": ["TOMSK"],
        "region": None,
        "month": 10,
        "day": 19,
        "year": None,
        "date": "2017-10-19",
        "days_off": 0,
        "agency": "tass",
        "agencies": ["tass"],
        "rule": "place_slash",
    }
    assert "’s" in result.stdout  # UTF-8, not \u escapes


def test_without_a_day_of_publication_the_year_is_unknown() -> None:
    record = json.loads(run("-", data=(COPY / "slash-dot.txt").read_bytes()).stdout)
    assert (record["dateline_date"], record["place"]) == (None, "TOMSK")


def test_a_page_is_extracted_first() -> None:
    result = run("-", "--url", "https://example.org/bridge", data=PAGE)
    assert result.exit_code == 0
    record = json.loads(result.stdout)
    assert record["headline"] == "The bridge is open"
    assert (record["text_basis"], record["outlet"], record["agency"]) == ("page", "example.org", "reuters")
    assert record["paragraphs"][0].startswith("The bridge over the river")


def test_a_page_without_an_address_has_none() -> None:
    record = json.loads(run("-", data=PAGE).stdout)
    assert (record["url"], record["outlet"]) == (None, None)


def test_windows_text_is_read() -> None:
    record = json.loads(
        run("-", data="Kassel öffnet\n\nKassel (dpa) - Der Markt – offen.".encode("cp1252")).stdout
    )
    assert record["headline"] == "Kassel öffnet"


@pytest.mark.parametrize(
    ("args", "data", "says", "status"),
    [
        (("no-such-file",), None, "cannot read no-such-file: No such file or directory", 1),
        ((".",), None, "cannot read .: Is a directory", 1),
        (("-",), b"", "- is empty", 1),
        (("-",), b" \n\n ", "- is empty", 1),
        (("-",), b"\x7fELF\x00\x01\x02\x8f\x81", "- is not text", 1),
        (("-",), b"x" * (5 * 2**20 + 1), "- is larger than 5 MiB", 1),
        (("-", "--published", "yesteryear"), b"x", "--published 'yesteryear' is no date", 2),
        (("-",), b"<html><body></body></html>", "the page has no article text", 1),
    ],
    ids=["missing", "directory", "empty", "blank", "binary", "large", "date", "page"],
)
def test_what_cannot_be_read_is_one_line(
    args: tuple[str, ...], data: bytes | None, says: str, status: int
) -> None:
    result = run(*args, data=data)
    assert result.exit_code == status
    assert result.stdout == ""
    assert result.stderr.startswith(f"aggregator: {says}")
    assert result.stderr.count("\n") == 1


def test_help_has_an_example() -> None:
    assert "aggregator read story.txt" in run("--help").stdout
