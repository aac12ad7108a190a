"""Counts as text with bars, and as JSON. Pure."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from aggregator.render.cells import json_text, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aggregator.query.counts import DayCount, Totals

_MOST_NAMES = 20
_EIGHTHS = " ▏▎▍▌▋▊▉"
_WIDEST_BAR = 60


@dataclass(frozen=True, slots=True)
class Counted:
    """What ``stats`` shows; ``by`` says whether days are told apart by agency or by feed."""

    totals: Totals
    agencies: tuple[tuple[str, int], ...]
    days: tuple[DayCount, ...]
    by: str


def counted_json(counted: Counted) -> str:
    """An object of ``totals``, ``agencies`` and ``days``."""
    found = {
        "totals": asdict(counted.totals),
        "agencies": [{"agency": name or None, "articles": number} for name, number in counted.agencies],
        "days": [
            {"day": each.day, counted.by: each.name or None, "articles": each.articles}
            for each in counted.days
        ],
    }
    return json_text(json.dumps(found, ensure_ascii=False, indent=1)) + "\n"


def counted_text(counted: Counted, width: int) -> str:
    """Totals, then bars for agencies and for days, at most ``width`` wide."""
    named = ((name.replace("_", " "), number) for name, number in asdict(counted.totals).items())
    totals = "\n".join(f"{name:<14}{number:>10,}" for name, number in named)
    names: Counter[str] = Counter()
    days: Counter[str] = Counter()
    for each in counted.days:
        names[each.name] += each.articles
        days[each.day] += each.articles
    blocks = [
        totals,
        "\n".join(["articles by agency, all", *_bars(dict(counted.agencies), width)]),
        "\n".join([f"articles by {counted.by}, in the time shown", *_bars(dict(names.most_common()), width)]),
        "\n".join(["articles by day (UTC)", *_bars(dict(sorted(days.items())), width, most=len(days))]),
    ]
    return "\n\n".join(blocks) + "\n"


def _bars(counts: dict[str, int], width: int, most: int = _MOST_NAMES) -> Iterator[str]:
    shown = dict(list(counts.items())[:most])
    rest = sum(counts.values()) - sum(shown.values())
    if rest:
        shown |= {f"{len(counts) - most} others": rest}
    longest = max(shown.values(), default=0)
    room = max(10, min(_WIDEST_BAR, width - 34))
    for name, number in shown.items():
        bar = _bar(number * room * 8 // longest)
        yield f"{one_line(name or '(unknown)')[:20]:<20}{number:>12,} {bar}".rstrip()


def _bar(eighths: int) -> str:
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
