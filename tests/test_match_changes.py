"""What makes a version and what does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from conftest import BAKERS

from aggregator.fingerprint import text_hash
from aggregator.match import Verdict, judge_reading
from aggregator.match.changes import repaired, same_words, without_counters
from aggregator.model import Article, Known, Status, TextBasis
from aggregator.wire.agencies import read_data

EXAMPLES = [(row, each) for row in read_data("counters.toml")["counters"] for each in row["examples"]]
ARTICLE = Article("https://a.example/1", "Café opens", BAKERS, TextBasis.PAGE, "test")
KNOWN = Known(
    7, 7, Status.USABLE, 1, text_hash(ARTICLE), ARTICLE.text_basis, ARTICLE.relation, ARTICLE.headline, None,
    ARTICLE.body,
)  # fmt: skip


@pytest.mark.parametrize(("row", "example"), EXAMPLES, ids=[each["text"] for _, each in EXAMPLES])
def test_every_counter_is_left_out(row: dict[str, Any], example: dict[str, Any]) -> None:
    assert " ".join(without_counters(example["text"]).split()) == example["left"], row["name"]


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("cafÃ©", "café"),
        ("â€œbreadâ€\u009d", "“bread”"),
        ("itâ€™s", "it’s"),
        ("ÐŸÐµÐºÐ°Ñ€Ð¸", "Пекари"),
        ("Ãlesund", "Ãlesund"),
        ("São Paulo", "São Paulo"),
        ("Œuvre", "Œuvre"),
    ],
)
def test_letters_read_wrongly(wrong: str, right: str) -> None:
    assert repaired(wrong) == right


@pytest.mark.parametrize(
    "changes",
    [
        {"paragraphs": tuple(f"“{each}”" for each in BAKERS)},
        {"paragraphs": (*BAKERS, "Read 1,234 times")},
        {"paragraphs": ("Updated 5 minutes ago", *BAKERS)},
        {"headline": "CafÃ© opens"},
        {"headline": "CAFÉ  opens"},
    ],
)
def test_what_nobody_wrote_is_no_version(changes: dict[str, Any]) -> None:
    assert judge_reading(KNOWN, replace(ARTICLE, **changes), own=True) is Verdict.SAME


@pytest.mark.parametrize(
    "changes",
    [
        {"paragraphs": (*BAKERS, "Nine bakers agreed.")},
        {"paragraphs": (*BAKERS[:2], BAKERS[2].replace("Tuesday", "Monday"))},
        {"headline": "Café closes"},
        {"paragraphs": (*BAKERS, "The school had 1,234 pupils 3 years ago.")},
        {"paragraphs": (*BAKERS, "It was 12 degrees.")},
    ],
)
def test_a_word_that_somebody_wrote_is_one(changes: dict[str, Any]) -> None:
    assert judge_reading(KNOWN, replace(ARTICLE, **changes), own=True) is Verdict.VERSION


def test_counters_that_count_on_are_no_change() -> None:
    assert same_words("Bread is dear. 12 comments", "Bread is dear. 1,310 comments")
    assert not same_words("Bread costs 12 pounds", "Bread costs 13 pounds")
