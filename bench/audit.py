"""Compares what the program has stored of feeds with a plain reading of them, difference by difference."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from bench.truth import Seen, Text, contrast, name_difference, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Stored:
    """One entry as the program has it, with its article."""

    key: str
    link: str | None
    title: str | None
    text: str  # summary and content
    article_id: int | None
    versions: int
    shown: str  # all that the article prints


@dataclass(slots=True)
class Findings:
    """What differs, by name; an empty name is a difference nobody can explain."""

    examples: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, what: str, name: str | None, example: str) -> None:
        """Notes one difference."""
        self.examples[what, name or ""].append(example)

    @property
    def unnamed(self) -> int:
        """How many have no name."""
        return sum(len(found) for (_, name), found in self.examples.items() if not name)


def audit(db: Path, truth: Mapping[str, Mapping[str, Seen]]) -> int:
    """Prints both counts for each feed and every difference; how many differences have no name."""
    findings = Findings()
    print("Counts as stored / as plainly read:")
    for name, union in truth.items():
        _audit_feed(name, _stored(db, name), union, findings)
    print("\nDifferences by name:" if findings.examples else "\nNo differences.")
    for (what, why), found in sorted(findings.examples.items()):
        print(f"  {len(found):4} × {what}: {why or 'UNNAMED'}\n         such as {found[0][:400]}")
    return findings.unnamed


def _stored(db: Path, feed: str) -> list[Stored]:
    with closing(sqlite3.connect(db)) as conn:
        rows = conn.execute(
            """
            SELECT e.guid, e.url, e.title, coalesce(e.summary, '') || ' ' || coalesce(e.content, ''), a.id,
                   (SELECT count(*) FROM versions AS v WHERE v.article_id = a.id),
                   a.mark, a.headline, a.deck, a.byline, a.dateline, a.body, a.credit
            FROM entries AS e JOIN feeds AS f ON f.id = e.feed_id
            LEFT JOIN articles AS a ON a.id = e.article_id
            WHERE f.name = ?
            """,
            (feed,),
        ).fetchall()
    return [_stored_entry(*row) for row in rows]


def _stored_entry(*row: Any) -> Stored:  # noqa: ANN401 (SQLite's values)
    key, link, title, text, article_id, versions, *printed = row
    return Stored(key, link, title, text, article_id, versions, " ".join(filter(None, printed)))


def _audit_feed(feed: str, stored: list[Stored], union: Mapping[str, Seen], findings: Findings) -> None:
    known = {entry.key: entry for entry in stored}
    for key in union.keys() - known.keys():
        findings.add("an entry is missing", None, f"{feed}: {key}")
    for key in known.keys() - union.keys():
        findings.add("an entry nobody saw", None, f"{feed}: {key}")
    for _ in range(len(stored) - len(known)):
        findings.add("an entry is there twice", None, feed)
    pairs = [(known[key], seen) for key, seen in union.items() if key in known]
    for entry, seen in pairs:
        _audit_link(entry, seen, findings)
        _audit_text(entry, seen, findings)
        _audit_versions(entry, seen, findings)
    articles = {entry.article_id for entry in stored}
    changed = sum(entry.versions > 1 for entry in stored)
    print(
        f"  {feed}: entries {len(stored)} / {len(union)}; articles {len(articles)} / {len(union)}; "
        f"changed texts {changed} / {sum(_steps(seen) > 0 for seen in union.values())}; "
        f"versions {sum(e.versions for e in stored)} / {sum(1 + _steps(seen) for seen in union.values())}"
    )


def _steps(seen: Seen) -> int:
    """How often the words of an entry changed."""
    return sum(name_change(before, after) is None for before, after in _changes(seen))


def _changes(seen: Seen) -> Iterator[tuple[Text, Text]]:
    return zip(seen.texts, seen.texts[1:], strict=False)


def name_change(before: Text, after: Text) -> str | None:
    """Why a change of an entry is none of its words; None when it is one."""
    if before[:3] == after[:3]:
        return "in a picture's caption only"
    return name_difference(before.told, after.told)


def _audit_link(entry: Stored, seen: Seen, findings: Findings) -> None:
    link = entry.link or ""
    if link == seen.link:
        return
    name = "percent-encoding only" if unquote(link) == unquote(seen.link) else None
    name = name or ("an older link of the entry" if link in seen.links else None)
    findings.add("link", name, f"{entry.key}: {link} for {seen.link}")


def _audit_text(entry: Stored, seen: Seen, findings: Findings) -> None:
    newest = seen.texts[-1]
    told = (("title", entry.title, newest.title), ("text", entry.text, f"{newest.summary} {newest.content}"))
    for what, ours, theirs in told:
        name = name_difference(ours, theirs)
        if name != "spelled alike":
            findings.add(f"newest {what}", name, f"{entry.key}: stored → seen: {contrast(ours, theirs)}")
    for what, ours, theirs in told:
        if words(ours) not in words(entry.shown):
            findings.add(f"article without the newest {what}", None, f"{entry.key}: {theirs!r:.150}")


def _audit_versions(entry: Stored, seen: Seen, findings: Findings) -> None:
    if entry.article_id is None:
        findings.add("an entry without an article", None, entry.key)
    for before, after in _changes(seen):
        name = name_change(before, after)
        if name:
            findings.add(
                "a change that makes no version",
                name,
                f"{entry.key}: {contrast('|'.join(before), '|'.join(after))}",
            )
    if entry.versions != 1 + _steps(seen):
        findings.add(
            "versions", None, f"{entry.key}: {entry.versions} for {1 + _steps(seen)}: {seen.texts!r:.300}"
        )
