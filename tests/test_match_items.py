"""Versions of one piece of copy under new URLs: what joins them, and what only looks alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from conftest import BAKERS, FERRY, NOON

from aggregator.match import match_article
from aggregator.model import Article, Candidate, Dateline, Relation, TextBasis
from aggregator.store import Store, articles, stories

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aggregator.model import Match

EARLIER = Candidate(
    7, NOON - timedelta(hours=2), Relation.ORIGINAL, False, 70, "quay.example", "ap",  # noqa: FBT003 (equal)
    "Ferry turns back in the wind", "LISBON", "EU--Ferry", "AP117", "\n\n".join(FERRY),
)  # fmt: skip
LONGER = (*FERRY[:1], "Two lorries were left on the quay.", *FERRY[1:])
LATER = Article(
    "https://quay.example/2", "Ferry turns back in strong wind", LONGER, TextBasis.PAGE, "test",
    outlet="quay.example", agency="ap", dateline=Dateline("LISBON (AP) - ", "test", place="LISBON"),
    published_at=NOON,
)  # fmt: skip
UPDATE = replace(LATER, relation=Relation.UPDATE, mark="UPDATE 1")


def match(article: Article, *earlier: Candidate) -> Match | None:
    return match_article(article, [*earlier] or [EARLIER])


def told(found: Match | None) -> tuple[str, str] | None:
    return (found.rule, found.relation.value) if found else None


# ---------------------------------------------------------------- by item id


def test_the_same_item_id_is_the_same_copy_whatever_it_says() -> None:
    rewritten = replace(LATER, item_id="AP117", paragraphs=BAKERS, headline="Bakers agree")
    assert told(match(rewritten)) == ("same item id", "update")
    assert told(match(replace(rewritten, outlet="post.example"))) == ("same item id", "copy")
    assert told(match(replace(rewritten, relation=Relation.CORRECTION))) == ("same item id", "correction")


def test_two_agencies_may_use_one_id() -> None:
    assert match(replace(LATER, item_id="AP117", agency="dpa", paragraphs=BAKERS, headline="Bakers")) is None


def test_the_same_text_once_more_is_a_repeat() -> None:
    again = replace(LATER, item_id="AP117", paragraphs=FERRY)
    assert told(match(again, replace(EARLIER, equal=True))) == ("same item id", "repeat")


# ---------------------------------------------------------------- by slug


@pytest.mark.parametrize(
    ("changes", "joined"),
    [
        ({}, ("same slug", "update")),
        ({"slug": "eu—ferry"}, ("same slug", "update")),
        ({"relation": Relation.CORRECTION}, ("same slug", "correction")),
        ({"outlet": "post.example"}, ("same slug", "copy")),
        ({"headline": "Forty wait on the quay", "dateline": None}, ("same slug", "update")),
        ({"paragraphs": BAKERS, "headline": "Harbour fees go up"}, None),
        ({"published_at": NOON + timedelta(hours=22)}, None),
        ({"agency": "afp"}, None),
    ],
)
def test_the_same_slug_joins_texts_that_share_words(
    changes: dict[str, Any], joined: tuple[str, str] | None
) -> None:
    assert told(match(replace(LATER, **{"slug": "EU--Ferry"} | changes))) == joined


def test_a_marked_text_may_come_a_day_later() -> None:
    late = replace(UPDATE, slug="EU--Ferry", published_at=NOON + timedelta(hours=22))
    assert told(match(late)) == ("same slug", "update")


# ---------------------------------------------------------------- by mark


@pytest.mark.parametrize(
    ("changes", "joined"),
    [
        ({}, ("marked update", "update")),
        ({"relation": Relation.CORRECTION}, ("marked update", "correction")),
        ({"relation": Relation.ORIGINAL}, None),
        ({"agency": "afp"}, None),
        ({"outlet": "post.example"}, None),
        ({"outlet": "apnews.com"}, ("marked update", "update")),
        ({"dateline": Dateline("PORTO (AP) - ", "test", place="PORTO")}, None),
        ({"headline": "Bakers turn back in the wind"}, None),
        ({"headline": "Forty wait on the quay"}, None),
        ({"paragraphs": BAKERS}, None),
    ],
)
def test_an_update_joins_only_what_it_can_belong_to(
    changes: dict[str, Any], joined: tuple[str, str] | None
) -> None:
    assert told(match(replace(UPDATE, **changes))) == joined


def test_the_newest_text_before_it_is_the_one_it_updates() -> None:
    second = replace(EARLIER, article_id=8, at=NOON - timedelta(hours=1), relation=Relation.UPDATE)
    after = replace(EARLIER, article_id=9, at=NOON + timedelta(hours=1), relation=Relation.UPDATE)
    found = match(UPDATE, EARLIER, second, after)
    assert found is not None
    assert (found.story_id, found.other_article_id) == (70, 8)


def test_an_original_may_come_after_its_update() -> None:
    update = replace(EARLIER, at=NOON + timedelta(hours=1), relation=Relation.UPDATE)
    assert told(match(LATER, update)) == ("marked update", "original")
    assert match(LATER, replace(update, relation=Relation.ORIGINAL)) is None


# ---------------------------------------------------------------- candidates


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "wire.db") as opened:
        yield opened


def found(store: Store, article: Article) -> list[int]:
    with store.transaction() as conn:
        return [each.article_id for each in stories.candidates(conn, article, NOON)]


@pytest.mark.parametrize(
    ("shared", "asking"),
    [
        ({"slug": "EU--Ferry", "agency": None}, {"slug": "eu--ferry", "agency": None}),
        ({"item_id": "AP117"}, {"item_id": "AP117", "agency": None}),
        ({}, {"relation": Relation.UPDATE}),
        ({"relation": Relation.UPDATE}, {}),
        ({"paragraphs": BAKERS}, {"paragraphs": BAKERS, "agency": None}),
    ],
)
def test_candidates_share_a_name_a_desk_or_a_text(
    store: Store, shared: dict[str, Any], asking: dict[str, Any]
) -> None:
    earlier = replace(LATER, url="https://quay.example/1", paragraphs=FERRY)
    with store.transaction() as conn:
        known = articles.insert_article(conn, replace(earlier, **shared), None, NOON)
        old = replace(earlier, **shared, url="https://quay.example/0", published_at=NOON - timedelta(days=9))
        articles.insert_article(conn, old, None, NOON - timedelta(days=8))
        articles.insert_article(
            conn, replace(earlier, url="https://quay.example/3", agency="afp"), None, NOON
        )
    assert found(store, replace(LATER, **asking)) == [known]


def test_candidates_are_found_without_a_scan(store: Store) -> None:
    asked: list[str] = []
    store.conn.set_trace_callback(asked.append)
    found(store, replace(UPDATE, slug="EU--Ferry", item_id="AP117"))
    found(store, LATER)
    store.conn.set_trace_callback(None)
    questions = [each for each in asked if each.lstrip().startswith("SELECT") and "unindexed" not in each]
    plans = [row[3] for each in questions for row in store.conn.execute(f"EXPLAIN QUERY PLAN {each}")]
    assert len(questions) >= 5
    assert [step for step in plans if step.startswith("SCAN") and "json_each" not in step] == []
    for index in ("articles_slug", "articles_item", "articles_desk", "articles_marked", "versions_body"):
        assert any(index in step for step in plans), index
