"""A plain reading of captured feeds: what a program that saw each of them in turn must know in the end.

It shares no code with the program: feedparser reads, entries are united by id, else link. One that
comes under a new id with the very words of one that goes at the same moment is that one.
"""

from __future__ import annotations

import gzip
import html
import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import feedparser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

#: Characters shown of a difference, and before it.
_AROUND, _BEFORE = 60, 25
#: Characters of a text that is like no other: a long title.
_ENOUGH = 60
_TAG = re.compile(r"<[^<>]*>")


class Text(NamedTuple):
    """What an entry said at one time."""

    title: str
    summary: str
    content: str
    caption: str  # of its picture, which is no text of the entry

    @property
    def told(self) -> str:
        """All that is text of the entry."""
        return f"{self.title} {self.summary} {self.content}"


@dataclass(slots=True)
class Seen:
    """One entry of one feed over all its captures."""

    key: str
    link: str
    links: set[str] = field(default_factory=set)
    texts: list[Text] = field(default_factory=list)  # one more at each change


def read_history(folder: Path) -> dict[str, list[Path]]:
    """The captures of each feed, in time order; files are named ``FEED_TIME.xml.gz``."""
    captures: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(folder.glob("*.xml.gz")):
        captures[path.name.rpartition("_")[0]].append(path)
    return dict(captures)


def unite(captures: Iterable[Path]) -> dict[str, Seen]:
    """Every entry of one feed's captures, by its newest id, else its link."""
    union: dict[str, Seen] = {}
    shown: set[str] = set()
    for capture in captures:
        once: dict[str, Any] = {}
        for entry in feedparser.parse(gzip.decompress(capture.read_bytes())).entries:
            once.setdefault(entry.get("id") or entry.get("link"), entry)
        vanished = [union[key] for key in sorted(shown - once.keys())]
        for key in sorted(once.keys() - union.keys()):
            gone = _renamed(once[key], vanished)
            if gone:
                vanished.remove(gone)
                union[key] = union.pop(gone.key)
                gone.key = key
        for key, entry in once.items():
            _see(union.setdefault(key, Seen(key, "")), entry)
        shown = set(once)
    return union


def _renamed(entry: Any, gone: Iterable[Seen]) -> Seen | None:  # noqa: ANN401 (feedparser is untyped)
    """The entry that has gone since the capture before and said the same, if that is enough to know it by."""
    text = _text(entry)
    if len(text.told) < _ENOUGH:
        return None
    return next((seen for seen in gone if seen.texts[-1] == text), None)


def _see(seen: Seen, entry: Any) -> None:  # noqa: ANN401 (feedparser is untyped)
    seen.link = entry.get("link") or ""
    seen.links.add(seen.link)
    text = _text(entry)
    if not seen.texts or seen.texts[-1] != text:
        seen.texts.append(text)


def _text(entry: Any) -> Text:  # noqa: ANN401 (as above)
    parts = {"content": "", "caption": ""}
    for part in entry.get("content", ()):
        parts["caption" if _is_caption(part, entry) else "content"] += part.get("value") or ""
    return Text(entry.get("title") or "", entry.get("summary") or "", **parts)


def _is_caption(part: Any, entry: Any) -> bool:  # noqa: ANN401 (as above)
    """Whether it is a ``media:description``, which feedparser files under content."""
    return "media_content" in entry and part.get("type") == "text/plain"


def plain(markup: str | None) -> str:
    """What a piece of HTML or text shows, on one line."""
    return " ".join(html.unescape(_TAG.sub(" ", html.unescape(markup or ""))).split())


def contrast(one: str | None, other: str | None) -> str:
    """Where two texts begin to differ, as a reader of the figures wants to see it."""
    first, second = one or "", other or ""
    pairs = enumerate(zip(first, second, strict=False))
    differs = next((at for at, (a, b) in pairs if a != b), min(len(first), len(second)))
    start = max(0, differs - _BEFORE)
    return " → ".join(f"“{text[start : start + _AROUND]}”" for text in (first, second))


def words(text: str | None) -> str:
    """The words of a text, without typography and letter case."""
    return " ".join(re.findall(r"\w+", unicodedata.normalize("NFKC", plain(text)).casefold()))


#: The differences between two texts that can be named, the smallest first, and what is left of a text then.
_FORMS: dict[str, Callable[[str], object]] = {
    "spelled alike": lambda text: " ".join(text.split()),
    "typography or letter case only": words,
    "a character in another decoding only": lambda text: re.findall("[a-z0-9]+", words(text)),
}


def name_difference(one: str | None, other: str | None) -> str | None:
    """How two texts differ, in a few words; None when their words do."""
    first, second = plain(one), plain(other)
    return next((name for name, form in _FORMS.items() if form(first) == form(second)), None)
