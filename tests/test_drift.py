"""The drift alarm: what is a shift, what is chance, and how it is told."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from conftest import NOON

from aggregator.doctor import examine
from aggregator.drift import Seen, drifts
from aggregator.model import Article, TextBasis
from aggregator.store import Store, articles

if TYPE_CHECKING:
    from pathlib import Path

USUAL = Seen(400, 10, "page", "signs")


def window(count: int, seen: Seen, seed: int = 1) -> list[Seen]:
    """Articles of different lengths around one."""
    lengths = random.Random(seed)  # noqa: S311 (no secret)
    factors = [lengths.lognormvariate(0, 0.5) for _ in range(count)]
    return [
        replace(seen, words=round(seen.words * each), paragraphs=max(1, round(seen.paragraphs * each)))
        for each in factors
    ]


BEFORE = window(100, USUAL)


def test_what_goes_on_as_before_is_no_drift() -> None:
    assert [drifts(window(20, USUAL, seed), BEFORE) for seed in range(50)] == [()] * 50


def test_few_articles_tell_nothing() -> None:
    short = window(19, replace(USUAL, words=40))
    assert drifts(short, BEFORE) == drifts(BEFORE[:20], BEFORE[:19]) == ()


def test_shorter_and_longer_texts_are_told_with_both_lengths() -> None:
    [words, paragraphs] = drifts(window(20, replace(USUAL, words=80, paragraphs=2), 2), BEFORE)
    assert words.startswith("words an article ")
    assert "of the 100 before" in words
    assert paragraphs.startswith("paragraphs an article 2 (median of the newest 20)")
    longer = drifts(window(20, replace(USUAL, words=2_000), 2), BEFORE)
    assert [each.partition(" an ")[0] for each in longer] == ["words"]


def test_the_basis_comes_before_what_follows_from_it() -> None:
    summaries = window(20, Seen(30, 1, "feed_summary", "feed_summary"), 2)
    assert drifts([*summaries[:15], *window(5, USUAL, 3)], BEFORE) == (
        "text basis feed_summary: 75% of the newest 20, 0% of the 100 before",
    )


def test_a_selector_that_finds_nothing_more_is_told() -> None:
    chosen = [replace(each, extractor="selector") for each in BEFORE]
    assert drifts(window(20, USUAL, 2), chosen) == (
        "extractor signs: 100% of the newest 20, 0% of the 100 before",
    )


def test_doctor_names_the_outlet(tmp_path: Path) -> None:
    db = tmp_path / "wire.db"
    texts = [("word " * 200, TextBasis.PAGE)] * 40 + [("short word", TextBasis.FEED_SUMMARY)] * 20
    with Store(db) as store, store.transaction() as conn:
        for number, (text, basis) in enumerate(texts):
            at = NOON - timedelta(hours=60 - number)
            url = f"https://a.example/{number}"
            one = Article(
                url, "Ferry", (f"{number} {text}",), basis, "t", outlet="a.example", published_at=at
            )
            articles.insert_article(conn, one, None, NOON)
    told = {each.check: each for each in examine(tmp_path / "feeds.yaml", db, NOON)}
    assert not told["outlet a.example"].sound
    assert "feed_summary: 100% of the newest 20, 0% of the 40 before" in told["outlet a.example"].text
    later = {each.check: each for each in examine(tmp_path / "feeds.yaml", db, NOON + timedelta(days=30))}
    assert later["drift"].sound
