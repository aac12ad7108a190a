"""What new texts bring to the index of near texts: put aside, and to its places when there is much of it.

The shingles, paragraphs and headline words of a text have their places all over three tables. Written there
text by text, nearly each of them is a page of the file; so a text is put aside in one row of ``unposted``,
and all rows go to their places at once, in their order. Who asks is told of both.

What the rows say is held in memory too. It is believed while the newest row bears the mark with which it was
read or written: marks are random, so that no transaction that was taken back, and no other process, leaves
the same one. Each function runs inside its caller's transaction.
"""

from __future__ import annotations

import secrets
from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Sequence

#: So many texts are put aside: 3 MB of memory, and 20 ms when a process begins.
_MOST = 2_000
#: Shingles looked for at once; passages: of an outlet, and the outlet itself.
_SHINGLES, _PASSAGES = 40, 11
_MARK_BITS = 62


@dataclass(frozen=True, slots=True)
class Text:
    """What a text brings to the index."""

    story_id: int
    passages: Collection[int]  # its paragraphs, and its outlet
    words: Sequence[int]  # of its headline, and the word that counts headlines
    number: int = 0  # of its sketch; 0: it has none
    shingles: Sequence[int] = ()  # under which that is found


@dataclass(slots=True)
class Aside:
    """What was put aside, by what it is asked for; the tables are asked for the rest."""

    newest: tuple[int, int] | None = None  # the id and mark of the last row
    texts: int = 0
    numbers: dict[int, int] = field(default_factory=dict)  # of sketches, by shingle: the first of each
    others: dict[int, list[int]] = field(default_factory=dict)  # and the others
    #: Of each passage the story it was first in, how often it was another one since, and the last.
    passages: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    words: Counter[int] = field(default_factory=Counter)
    counted: dict[int, int] = field(default_factory=dict)  # what the table says of words, as far as asked

    def add(self, text: Text, newest: tuple[int, int]) -> None:
        """Takes up the next row."""
        self.newest = newest
        self.texts += 1
        number, story = text.number, text.story_id
        for shingle in text.shingles:
            if self.numbers.setdefault(shingle, number) != number:
                self.others.setdefault(shingle, []).append(number)
        for passage in text.passages:
            first, changes, last = self.passages.get(passage, (story, 0, story))
            self.passages[passage] = (first, changes + (last != story), story)
        self.words.update(text.words)

    def found_under(self, conn: sqlite3.Connection, shingles: Sequence[int]) -> list[tuple[int, int]]:
        """Each shingle with each sketch's number that is found under it, in order."""
        rows: list[tuple[int, int]] = conn.execute(_FOUND, _filled(shingles, _SHINGLES)).fetchall()
        new = [
            (each, number)
            for each in shingles
            if each in self.numbers
            for number in (self.numbers[each], *self.others.get(each, ()))
        ]
        return list(dict.fromkeys(sorted([*rows, *new]))) if new else rows

    def stories_with(self, conn: sqlite3.Connection, passages: Collection[int]) -> dict[int, int]:
        """In how many stories each passage was seen; without those that were in none."""
        rows = conn.execute(_STORIES, _filled(passages, _PASSAGES)).fetchall()
        found = {passage: stories for passage, stories, _ in rows}
        last = {passage: story for passage, _, story in rows}
        for passage in self.passages.keys() & passages:
            first, changes, _ = self.passages[passage]
            found[passage] = found.get(passage, 0) + (last.get(passage) != first) + changes
        return found

    def headlines_with(self, conn: sqlite3.Connection, word: int) -> int:
        """In how many headlines a word was seen."""
        if word not in self.counted:
            row = conn.execute(_HEADLINES, (word,)).fetchone()
            self.counted[word] = row[0] if row else 0
        return self.counted[word] + self.words[word]


_ASIDE: WeakKeyDictionary[sqlite3.Connection, Aside] = WeakKeyDictionary()


def put_aside(conn: sqlite3.Connection, text: Text) -> None:
    """Makes a text known to those that come after it."""
    aside, mark = what_is_aside(conn), secrets.randbits(_MARK_BITS)
    hashes = map(_packed, (text.shingles, text.passages, text.words))
    row_id = conn.execute(_PUT, (mark, text.number, text.story_id, *hashes)).lastrowid or 0
    aside.add(text, (row_id, mark))
    if aside.texts >= _MOST:
        post_all(conn)


def what_is_aside(conn: sqlite3.Connection) -> Aside:
    """What is aside now; to be asked before anything else is written."""
    newest = conn.execute("SELECT id, mark FROM unposted ORDER BY id DESC LIMIT 1").fetchone()
    known = _ASIDE.get(conn)
    if known is None or newest is None or known.newest != newest:
        known = _ASIDE[conn] = Aside()
        for row in conn.execute(_ASIDE_ROWS) if newest else ():
            row_id, mark, number, story_id, *packed = row
            shingles, passages, words = (array("I", each) for each in packed)
            known.add(Text(story_id, passages, words, number, shingles), (row_id, mark))
    return known


def post_all(conn: sqlite3.Connection) -> None:
    """Brings all that was put aside to its places."""
    aside = what_is_aside(conn)
    others = ((shingle, number) for shingle, numbers in aside.others.items() for number in numbers)
    conn.executemany(_POST, sorted([*aside.numbers.items(), *others]))
    conn.executemany(_COUNT_PASSAGES, sorted((each, *seen) for each, seen in aside.passages.items()))
    conn.executemany(_COUNT_WORDS, sorted(aside.words.items()))
    conn.execute("DELETE FROM unposted")


def _packed(hashes: Collection[int]) -> bytes:
    return array("I", hashes).tobytes()


def _filled(values: Collection[int], count: int) -> list[int | None]:
    """So many values: under those added, nothing is found."""
    return [*values, *[None] * (count - len(values))]


def values(count: int) -> str:
    """Each value bound by itself: a quarter less time than an array for json_each()."""
    return ", ".join(["(?)"] * count)


_FOUND = f"""
WITH looked_for (shingle) AS (VALUES {values(_SHINGLES)})
SELECT p.shingle, p.number FROM looked_for CROSS JOIN postings AS p ON p.shingle = looked_for.shingle
"""  # noqa: S608 (marks)
_STORIES = f"""
WITH asked (passage) AS (VALUES {values(_PASSAGES)})
SELECT r.passage_hash, r.stories, r.last_story_id
FROM asked CROSS JOIN refrains AS r ON r.passage_hash = asked.passage
"""  # noqa: S608 (marks)
_HEADLINES = "SELECT articles FROM headline_words WHERE word_hash = ?"
_PUT = """
INSERT INTO unposted (mark, number, story_id, shingles, passages, words) VALUES (?, ?, ?, ?, ?, ?)
"""
_ASIDE_ROWS = "SELECT id, mark, number, story_id, shingles, passages, words FROM unposted ORDER BY id"
#: The number of a text taken out may be given again: what is left of its postings only proposes the next one.
_POST = "INSERT OR IGNORE INTO postings (shingle, number) VALUES (?, ?)"
_COUNT_PASSAGES = """
INSERT INTO refrains (passage_hash, stories, last_story_id) VALUES (?1, 1 + ?3, ?4)
ON CONFLICT (passage_hash) DO UPDATE SET
    stories = stories + (last_story_id <> ?2) + ?3, last_story_id = excluded.last_story_id
"""
_COUNT_WORDS = """
INSERT INTO headline_words (word_hash, articles) VALUES (?, ?)
ON CONFLICT (word_hash) DO UPDATE SET articles = articles + excluded.articles
"""
