"""What an address of our pages asks for: the query string as a ``Filter``, and back. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from aggregator.query import Filter, parse_time

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

#: Stories on a page: a full screen and a half; together with the frame they stay far below 200 KB.
PAGE_SIZE = 40
#: Further back one asks with `until`, which costs nothing.
_LAST_PAGE = 100
#: The order in which filters stand in an address.
_NAMES = ("agency", "outlet", "place", "lang", "section", "tag", "relation", "feed", "status")
_TIMES = ("since", "until")
#: Tombstones are news too; what is held back is not.
_ALL = ("usable", "canceled")


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time up to now that charts and the map show, in steps."""

    name: str
    said: str
    steps: int
    step_s: int

    @property
    def length(self) -> timedelta:
        """The whole of it."""
        return timedelta(seconds=self.steps * self.step_s)


PERIODS = (
    Period("24h", "24 hours", 24, 3_600),
    Period("7d", "7 days", 28, 21_600),
    Period("30d", "30 days", 30, 86_400),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A page of news asked for."""

    said: tuple[tuple[str, str], ...]  # what the address says, in our order
    filter: Filter
    page: int

    def address(self, path: str, **changed: str) -> str:
        """The address of a page that asks the same but for what is changed; an empty text takes out."""
        pairs = [(name, value) for name, value in self.said if name not in changed]
        pairs += [(name, value) for name, value in changed.items() if value]
        return f"{path}?{urlencode(pairs)}" if pairs else path

    def value(self, name: str) -> str:
        """What the address says for a name, or nothing."""
        return next((value for key, value in self.said if key == name), "")


def read_asked(args: Mapping[str, list[str]], now: datetime, **fixed: str) -> Asked:
    """Reads an address.

    Args:
        args: the query string.
        now: what "today" and "2h" count from.
        fixed: filters that the path says, such as an outlet.

    Raises:
        UsageError: a time that is none.
    """
    said = [
        (name, value) for name in ("q", *_NAMES, *_TIMES) for value in args.get(name, []) if value.strip()
    ]
    fields: dict[str, Any] = {
        name: tuple(value for key, value in (*said, *fixed.items()) if key == name) for name in _NAMES
    }
    times = {name: value for name, value in said if name in _TIMES}
    fields |= {name: parse_time(value, now, end=name == "until") for name, value in times.items()}
    words = " ".join(value for name, value in said if name == "q")
    page = _page_number(args.get("page", ["1"])[0])
    question = Filter(
        **fields | {"status": fields["status"] or _ALL},
        words=words,
        stories=True,
        limit=PAGE_SIZE + 1,
        offset=(page - 1) * PAGE_SIZE,
    )
    return Asked(tuple(said), question, page)


def read_period(args: Mapping[str, list[str]]) -> Period:
    """The period an address names; the first one where it names none of ours."""
    named = args.get("period", [""])[0]
    return next((period for period in PERIODS if period.name == named), PERIODS[0])


def _page_number(text: str) -> int:
    return min(max(int(text), 1), _LAST_PAGE) if text.isascii() and text.isdigit() and len(text) < 6 else 1
