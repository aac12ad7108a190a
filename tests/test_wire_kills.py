"""Kill notices: every example of the data file, and what a tombstone may say."""

from typing import Any

import pytest

from aggregator.model import Article, TextBasis
from aggregator.wire.agencies import read_data
from aggregator.wire.kills import read_notice, reason_of, same_house

EXAMPLES = [(row, example) for row in read_data("kills.toml")["names"] for example in row["examples"]]


def notice(*paragraphs: str, headline: str | None = None) -> Article:
    return Article("https://a.example/1", headline, paragraphs, TextBasis.PAGE, "test", outlet="a.example")


@pytest.mark.parametrize(
    ("row", "example"), EXAMPLES, ids=[f"{row['name']}-{example['text'][:30]}" for row, example in EXAMPLES]
)
def test_every_example_is_read_as_it_says(row: dict[str, Any], example: dict[str, Any]) -> None:
    found = read_notice(notice(example["text"]))
    assert found.headlines == tuple(filter(None, [example.get("headline")])), row["name"]
    assert found.urls == tuple(filter(None, [example.get("url")]))
    named = example.get("item_id")
    assert named is None or named in found.item_ids
    slug = example.get("slug", "").removeprefix("BC-")
    assert found.slugs == ((slug,) if slug else ())


@pytest.mark.parametrize(
    "text",
    [
        "Bakers have opened a school in Ghent.",
        "The title of the school was “Bread”.",
        "Please call the desk at 117.",
        "",
    ],
)
def test_sentences_that_name_nothing(text: str) -> None:
    found = read_notice(notice(text))
    assert (found.headlines, found.item_ids, found.slugs, found.urls) == ((), (), (), ())


def test_a_notices_own_headline_is_a_name_unless_it_is_too_short() -> None:
    assert read_notice(notice(headline="Bakers open a school")).headlines == ("Bakers open a school",)
    assert read_notice(notice(headline="Bread")).headlines == ()


def test_a_tombstone_does_not_repeat_the_headline() -> None:
    assert reason_of("The story headlined “Bakers open a school” has been withdrawn.") == (
        "The story headlined … has been withdrawn."
    )
    assert reason_of("STORY WITHDRAWN") == "STORY WITHDRAWN"
    assert reason_of(None) is None


def test_a_house_is_an_outlet_or_all_outlets_of_an_agency() -> None:
    assert same_house("a.example", "a.example")
    assert same_house("tass.com", "tass.ru")
    assert not same_house("tass.com", "reuters.com")
    assert not same_house("a.example", "b.example")
