"""What reading again changed: as text with word differences, and as JSON. Pure."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from aggregator.diff import Change, Stretch, diff_words
from aggregator.render.cells import json_text, one_line
from aggregator.render.page import changes_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from aggregator.rejoining import Move
    from aggregator.reread import Difference, Reread, Totals

#: Of words that did not change, so many are shown before and after what did.
_CONTEXT = 6
_WORD = re.compile(r"\S+\s*")


def reread_text(one: Reread, *, color: bool) -> str:
    """One version as lines: what it is, why, and each value that differs, word by word."""
    fault = f": {one_line(one.fault)}" if one.fault else ""
    head = f"{one.article_id} version {one.number} {one_line(one.url or '')}".rstrip()
    lines = [f"{head}: {one.verdict}{fault}"]
    lines += [f"  {each.name}: {_words(each, color=color)}" for each in one.differences]
    return "\n".join(lines)


def reread_json(one: Reread) -> str:
    """One version as a JSON object."""
    found = {
        "article_id": one.article_id,
        "version": one.number,
        "url": one.url,
        "verdict": one.verdict,
        "fault": one.fault,
        "differences": {each.name: {"old": each.old, "new": each.new} for each in one.differences},
    }
    return json_text(json.dumps(found, ensure_ascii=False))


def moves_text(moves: Sequence[Move], *, dry_run: bool) -> str:
    """Articles that change their story, a line each, and how many there are."""
    lines = [
        f"{each.article_id} from story {each.left} to {each.story_id}: {_reason(each)}"
        f"  {one_line(each.headline or '')}".rstrip()
        for each in moves
    ]
    joined = sum(each.match is not None for each in moves)
    would = "would be joined" if dry_run else "joined"
    return "\n".join([*lines, f"{joined} articles {would}, {len(moves) - joined} split off"])


def moves_json(moves: Sequence[Move]) -> str:
    """The same as a JSON array."""
    found = [
        {
            "article_id": each.article_id,
            "headline": each.headline,
            "left": each.left,
            "story_id": each.story_id,
            "rule": each.match.rule if each.match else None,
            "score": each.match.score if each.match else None,
            "other_article_id": each.match.other_article_id if each.match else None,
        }
        for each in moves
    ]
    return json_text(json.dumps(found, ensure_ascii=False, indent=1))


def _reason(move: Move) -> str:
    if move.match is None:
        return "nothing joins it"
    return f"{move.match.rule} as {move.match.other_article_id}, score {move.match.score:g}"


def totals_text(totals: Totals, *, dry_run: bool) -> str:
    """The totals in one line."""
    counts, would = totals.verdicts, "would change" if dry_run else "changed"
    fields = ", ".join(f"{name} {count}" for name, count in totals.fields.most_common())
    parts = [f"{counts.total()} versions read again: {counts['changed']} {would}"]
    parts += [f" ({fields})"] if fields else []
    parts += [f", {counts['withdrawn']} withdrawn, {counts['unread']} could not be read"]
    parts += [f", {counts['overtaken']} left to the next time"] if counts["overtaken"] else []
    return "".join(parts)


def _words(each: Difference, *, color: bool) -> str:
    return " ".join(changes_text(_near(diff_words(each.old, each.new)), color=color).split())


def _near(changes: Iterable[Stretch]) -> Iterator[Stretch]:
    """The changes with a few words around; a long stretch that was kept is cut in its middle."""
    known = tuple(changes)
    for index, each in enumerate(known):
        words = _WORD.findall(each.text)
        first, last = index == 0, index == len(known) - 1
        most = _CONTEXT * (2 - first - last)
        if each.change is not Change.KEPT or len(words) <= most:
            yield each
            continue
        head = "" if first else "".join(words[:_CONTEXT])
        tail = "" if last else "".join(words[-_CONTEXT:])
        yield Stretch(Change.KEPT, f"{head}… {tail}")
