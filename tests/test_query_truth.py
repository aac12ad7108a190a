"""Every way of finding rows gives what a plain reading of all of them gives."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from written import Wire

from aggregator import query
from aggregator.query import Filter, Sort, plan

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

_START = datetime(2031, 5, 1, tzinfo=UTC)
_HOURS = 100
_WORDS = ("storm", "harbour", "ferry", "洪水", "ещё")
_AGENCIES = ("nordica", "lumen", "asa")


@dataclass(frozen=True)
class Text:
    """One version: when it was seen, and its words."""

    seen: datetime
    words: frozenset[str]


@dataclass(frozen=True)
class Told:
    """An article as it was written into the database."""

    id: int
    story: int
    published: datetime
    agency: str
    canceled: bool
    texts: tuple[Text, ...]

    @property
    def status(self) -> str:
        """Its status in the database."""
        return "canceled" if self.canceled else "usable"

    def then(self, moment: datetime | None) -> Text | None:
        """The text of that time, the newest without one."""
        known = [text for text in self.texts if moment is None or text.seen <= moment]
        return known[-1] if known else None


@dataclass(frozen=True)
class World:
    """A database and the truth about it."""

    conn: sqlite3.Connection
    told: tuple[Told, ...]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    rng = random.Random(7)  # noqa: S311 (test data)
    wire = Wire(tmp_path_factory.mktemp("world") / "wire.db")
    told: list[Told] = []
    for _ in range(120):
        told.append(_tell(wire, rng, told))
    conn = wire.asking()
    yield World(conn, tuple(sorted(told, key=lambda each: each.id, reverse=True)))
    conn.close()
    wire.close()


def _tell(wire: Wire, rng: random.Random, before: list[Told]) -> Told:
    published = _START + timedelta(hours=rng.randrange(_HOURS))
    seen = published + timedelta(hours=rng.choice((0, 0, 0, 30)))
    texts = [
        Text(seen + timedelta(hours=number * 3), frozenset(rng.sample(_WORDS, 2)))
        for number in range(rng.choice((1, 1, 2, 3)))
    ]
    agency = rng.choice(_AGENCIES)
    story = {"story_id": rng.choice(before).story} if before and rng.random() < 0.3 else {}
    known = {"agency": agency, "first_seen_at": f"{seen:%Y-%m-%dT%H:%M:%SZ}"} | story
    article_id = wire.article(f"{published:%Y-%m-%dT%H:%M:%S}", " ".join(sorted(texts[0].words)), **known)
    for text in texts[1:]:
        wire.version(article_id, f"{text.seen:%Y-%m-%dT%H:%M:%SZ}", " ".join(sorted(text.words)))
    canceled = rng.random() < 0.1
    if canceled:
        wire.kill(article_id)
    return Told(article_id, story.get("story_id", article_id), published, agency, canceled, tuple(texts))


def truth(world: World, asked: Filter) -> list[Told]:
    """The articles that answer, by looking at each."""
    statuses = asked.status or ("usable",)
    return [told for told in world.told if told.status in statuses and _answers(told, asked)]


def _answers(told: Told, asked: Filter) -> bool:
    current = told.then(asked.as_of)
    texts = told.texts if asked.all_versions else (current,) if current else ()
    wanted, unwanted = _wanted(asked), _unwanted(asked)
    # With words, one text must have them and none of the others; without words, no text may have the others.
    held = [frozenset() if told.canceled else text.words for text in texts]
    good = [words for words in held if wanted <= words and not unwanted & words]
    return (
        (bool(good) if wanted else held != [] and len(good) == len(held))
        and (not asked.agency or told.agency in asked.agency)
        and (not asked.story or told.story in asked.story)
        and (asked.since is None or told.published >= asked.since)
        and (asked.until is None or told.published <= asked.until)
        and (asked.seen_since is None or told.texts[0].seen >= asked.seen_since)
    )


def _wanted(asked: Filter) -> set[str]:
    return {word for word in asked.words.split() if not word.startswith("-")}


def _unwanted(asked: Filter) -> set[str]:
    return {word[1:] for word in asked.words.split() if word.startswith("-")}


times = st.none() | st.integers(-5, _HOURS + 40).map(lambda hour: _START + timedelta(hours=hour))
typed = st.lists(st.sampled_from(_WORDS), max_size=2, unique=True).map(" ".join)
asked_words = typed | st.sampled_from([f"-{word}" for word in _WORDS]) | st.just("storm -ferry")
filters = st.builds(
    Filter,
    words=asked_words,
    agency=st.lists(st.sampled_from(_AGENCIES), max_size=2, unique=True).map(tuple),
    status=st.sampled_from([(), (), ("usable",), ("canceled",), ("canceled", "usable"), ("withheld",)]),
    since=times,
    until=times,
    seen_since=times,
    limit=st.integers(0, 8),
    offset=st.integers(0, 4),
    sort=st.sampled_from([Sort.PUBLISHED, Sort.SEEN]),
)
modes: st.SearchStrategy[dict[str, object]] = st.one_of(
    st.just({}),
    st.just({"all_versions": True}),
    times.map(lambda moment: {"as_of": moment}),
)


def _page(found: list[int], asked: Filter) -> list[int]:
    return found[asked.offset : asked.offset + asked.limit if asked.limit else None]


@pytest.mark.parametrize("few", [0, 20, plan.FEW])
def test_rows_are_those_of_a_plain_reading(world: World, monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    monkeypatch.setattr(plan, "FEW", few)  # each way of finding rows is taken, however small the world

    @given(filters, modes)
    def ask(base: Filter, mode: dict[str, object]) -> None:
        asked = replace(base, **mode)  # type: ignore[arg-type]  # the modes are fields of Filter
        expected = truth(world, asked)
        if asked.sort is Sort.SEEN:
            expected.sort(key=lambda told: (told.texts[0].seen, told.id), reverse=True)
        found = [row.id for row in query.articles(world.conn, asked)]
        assert found == _page([told.id for told in expected], asked)
        assert query.count(world.conn, asked) == len(expected)
        stories = list(dict.fromkeys(told.story for told in expected))
        by_story = replace(asked, stories=True)
        assert [row.id for row in query.stories(world.conn, by_story)] == _page(stories, asked)
        assert query.count(world.conn, by_story) == len(stories)

    ask()


@given(asked_words, times)
def test_texts_are_those_of_then(world: World, words: str, moment: datetime | None) -> None:
    told = {each.id: each for each in world.told}
    for row in query.articles(world.conn, Filter(words=words, as_of=moment, limit=0)):
        text = told[row.id].then(moment)
        assert text is not None
        assert row.headline == " ".join(sorted(text.words))


@given(st.sampled_from(range(120)), typed)
def test_one_story(world: World, at: int, words: str) -> None:
    asked = Filter(words=words, story=(world.told[at].story,), limit=0)
    assert [row.id for row in query.articles(world.conn, asked)] == [told.id for told in truth(world, asked)]
