"""Where a new reading belongs, and by what two texts are the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from conftest import BAKERS, FERRY, NOON

from aggregator.fingerprint import body_hash, text_hash
from aggregator.match import Verdict, judge_reading, match_article, version_relation
from aggregator.model import (
    Article,
    Candidate,
    Dateline,
    Known,
    Relation,
    Status,
    TextBasis,
)

ARTICLE = Article(
    "https://a.example/1", "Ferry turns back", FERRY, TextBasis.PAGE, "test", outlet="a.example"
)
SHORT = replace(ARTICLE, paragraphs=("The ferry is back.",))


def known(article: Article, **said: Any) -> Known:  # noqa: ANN401 (the fields of Known)
    """The stored article with that text."""
    stored = Known(
        7, 7, Status.USABLE, 1, text_hash(article), article.text_basis, article.relation,
        article.headline, article.deck, article.body,
    )  # fmt: skip
    return replace(stored, **said)


def candidate(number: int, outlet: str) -> Candidate:
    return Candidate(number, NOON, Relation.ORIGINAL, True, 100 + number, outlet)  # noqa: FBT003 (equal)


# ---------------------------------------------------------------- fingerprints


def test_typography_is_no_part_of_a_text() -> None:
    curly = replace(ARTICLE, headline="FERRY turns — back", paragraphs=tuple(f"“{each}”" for each in FERRY))
    assert text_hash(curly) == text_hash(ARTICLE)
    assert body_hash(curly) == body_hash(ARTICLE)


@pytest.mark.parametrize(
    "other",
    [
        replace(ARTICLE, headline="Ferry is back"),
        replace(ARTICLE, deck="After noon"),
        replace(ARTICLE, paragraphs=FERRY[:2]),
        replace(ARTICLE, headline=None, deck="Ferry turns back"),
    ],
)
def test_every_shown_word_is_part_of_a_versions_text(other: Article) -> None:
    assert text_hash(other) != text_hash(ARTICLE)


def test_a_long_body_is_known_under_any_headline() -> None:
    assert body_hash(replace(ARTICLE, headline="Wind turns the ferry", deck="x")) == body_hash(ARTICLE)
    assert body_hash(replace(ARTICLE, paragraphs=FERRY[:2])) != body_hash(ARTICLE)


def test_a_short_body_needs_its_headline_and_place_too() -> None:
    assert body_hash(replace(SHORT, url="https://b.example/")) == body_hash(SHORT)
    assert body_hash(replace(SHORT, headline="Another")) != body_hash(SHORT)
    placed = replace(SHORT, dateline=Dateline("LISBON - ", "test", place="LISBON"))
    assert body_hash(placed) != body_hash(SHORT)


def test_without_a_body_there_is_nothing_to_compare() -> None:
    assert body_hash(replace(ARTICLE, paragraphs=())) is None


# ---------------------------------------------------------------- stories


def test_without_a_candidate_there_is_no_match() -> None:
    assert match_article(ARTICLE, []) is None


@pytest.mark.parametrize(
    ("marked", "outlets", "relation"),
    [
        (Relation.ORIGINAL, ["b.example"], Relation.COPY),
        (Relation.ORIGINAL, ["b.example", "a.example"], Relation.REPEAT),
        (Relation.UPDATE, ["b.example"], Relation.UPDATE),
        (Relation.CORRECTION, ["a.example"], Relation.CORRECTION),
    ],
)
def test_an_equal_text_joins_the_story_of_the_oldest(
    marked: Relation, outlets: list[str], relation: Relation
) -> None:
    found = match_article(
        replace(ARTICLE, relation=marked), [candidate(number, each) for number, each in enumerate(outlets)]
    )
    assert found is not None
    assert (found.story_id, found.other_article_id, found.relation) == (100, 0, relation)
    assert (found.rule, found.score) == ("equal text", 1.0)


# ---------------------------------------------------------------- versions

CHANGED = replace(ARTICLE, paragraphs=BAKERS)


@pytest.mark.parametrize(
    ("stored", "read", "own", "verdict"),
    [
        (ARTICLE, ARTICLE, True, Verdict.SAME),
        (ARTICLE, CHANGED, True, Verdict.VERSION),
        (ARTICLE, CHANGED, False, Verdict.VERSION),
        (ARTICLE, replace(CHANGED, relation=Relation.KILL), True, Verdict.KILL),
        (ARTICLE, replace(ARTICLE, relation=Relation.KILL), False, Verdict.KILL),
    ],
)
def test_a_reading_is_judged(stored: Article, read: Article, *, own: bool, verdict: Verdict) -> None:
    assert judge_reading(known(stored), read, own=own) == verdict


def test_a_kill_is_final() -> None:
    killed = known(ARTICLE, status=Status.CANCELED)
    for reading in (ARTICLE, CHANGED, replace(CHANGED, relation=Relation.CORRECTION)):
        assert judge_reading(killed, reading, own=True) == Verdict.SAME


def test_a_poorer_reading_replaces_a_richer_one_only_as_a_correction() -> None:
    poorer = replace(CHANGED, text_basis=TextBasis.FEED_SUMMARY)
    assert judge_reading(known(ARTICLE), poorer, own=True) == Verdict.SAME
    corrected = replace(poorer, relation=Relation.CORRECTION)
    assert judge_reading(known(ARTICLE), corrected, own=True) == Verdict.VERSION


@pytest.mark.parametrize("basis", [TextBasis.FEED_SUMMARY, TextBasis.TITLE])
def test_another_feeds_summary_of_the_same_page_is_no_version(basis: TextBasis) -> None:
    stored, read = replace(ARTICLE, text_basis=basis), replace(CHANGED, text_basis=basis)
    assert judge_reading(known(stored), read, own=False) == Verdict.SAME
    assert judge_reading(known(stored), read, own=True) == Verdict.VERSION


def test_a_new_version_is_what_its_mark_says_or_else_an_update() -> None:
    corrected = replace(CHANGED, relation=Relation.CORRECTION)
    assert version_relation(known(ARTICLE), corrected) == Relation.CORRECTION
    assert version_relation(known(ARTICLE), CHANGED) == Relation.UPDATE


def test_a_richer_reading_alone_is_no_update() -> None:
    stored = known(replace(ARTICLE, text_basis=TextBasis.TITLE, paragraphs=()), relation=Relation.COPY)
    assert judge_reading(stored, ARTICLE, own=True) == Verdict.VERSION
    assert version_relation(stored, ARTICLE) == Relation.COPY
