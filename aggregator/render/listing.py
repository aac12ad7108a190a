"""What a renderer is given: rows, and how they are to be shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aggregator.errors import UsageError
from aggregator.query.filter import ArticleRow, StoryRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

#: The columns of a line, where all of them would not be read.
_SHORT = {
    ArticleRow: (
        "id",
        "published_at",
        "agency",
        "outlet",
        "place",
        "status",
        "relation",
        "mark",
        "headline",
        "url",
    ),
    StoryRow: ("id", "last_seen_at", "agency", "articles", "outlets", "relations", "headline"),
}


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows to be shown.

    Attributes:
        rows: read as they are shown.
        kind: ``ArticleRow`` or ``StoryRow``.
        columns: the fields that were asked for; none: what the format shows by itself.
        title: what was asked, for formats with a heading.
        now: the time of the answer, UTC.
        width: of the terminal, in columns.
        color: whether colours and links may be used.
        sizes: how many articles each of some stories has.
        links: the addresses of this listing for formats that carry them: as a feed, as a page.
    """

    rows: Iterable[ArticleRow | StoryRow]
    kind: type[ArticleRow | StoryRow]
    columns: tuple[str, ...]
    title: str
    now: datetime
    width: int = 80
    color: bool = False
    sizes: Callable[[tuple[int, ...]], dict[int, int]] | None = None
    links: tuple[str | None, str | None] = (None, None)

    def short(self) -> tuple[str, ...]:
        """The columns of a line."""
        return self.columns or _SHORT[self.kind]

    def values(self, row: ArticleRow | StoryRow) -> dict[str, object]:
        """A row as its columns: those asked for, or all."""
        found = row._asdict()
        if isinstance(row, StoryRow):
            found["coverage"] = [each._asdict() for each in row.coverage]
        return {name: found[name] for name in self.columns} if self.columns else found


def read_columns(text: str | None, kind: type[ArticleRow | StoryRow]) -> tuple[str, ...]:
    """The columns of ``--fields a,b,c``; none when it was not given.

    Raises:
        UsageError: one is not a column.
    """
    names = tuple(name.strip() for name in (text or "").split(",") if name.strip())
    known = kind._fields
    for name in names:
        if name not in known:
            raise UsageError(f"--fields: there is no column {name!r}; known are {', '.join(known)}")
    return names
