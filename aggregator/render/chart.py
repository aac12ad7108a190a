"""Articles by day as stacked bars: laid out once, written as SVG 1.1 or PNG (ISO/IEC 15948). Pure.

PNG is drawn here with letters of 3 by 5 dots, so that no drawing library is needed for one chart.
"""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from aggregator.render.cells import one_line, xml_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aggregator.query.counts import DayCount

_WIDTH, _HEIGHT = 960, 400
_LEFT, _TOP, _RIGHT, _BOTTOM = 70, 40, 760, 350  # of the bars; the legend stands to their right
_MOST_BARS = 345  # each at least two dots wide
_MOST_NAMES = 7
_DAY_LABELS = 5
_LETTER = 12  # dots a letter takes from left to right
#: Told apart by colour-blind eyes too (Okabe and Ito, 2008).
_COLORS = ("0072b2", "e69f00", "009e73", "cc79a7", "56b4e9", "d55e00", "f0e442", "999999")
_INK, _GRID, _PAPER = "333333", "dddddd", "ffffff"
#: Each letter as five rows of three dots, a row an octal digit.
_DOTS = dict(
    pair.split("=", 1)
    for pair in (
        "a=25755 b=65656 c=34443 d=65556 e=74647 f=74644 g=34553 h=55755 i=72227 j=11152 k=55655 l=44447 "
        "m=57755 n=65555 o=25552 p=65644 q=25563 r=65655 s=34216 t=72222 u=55557 v=55552 w=55775 x=55255 "
        "y=55222 z=71247 0=75557 1=26227 2=71747 3=71717 4=55711 5=74717 6=74757 7=71122 8=75757 9=75717 "
        "-=00700 .=00002 _=00007 /=11244 (=12221 )=42224 :=02020 ,=00024 +=02720 ?=71202"
    ).split()
)


@dataclass(frozen=True, slots=True)
class _Box:
    x: int
    y: int
    width: int
    height: int
    color: str
    tip: str = ""


@dataclass(frozen=True, slots=True)
class _Words:
    x: int
    y: int  # of the line they stand on
    text: str
    end: bool = False  # whether they end at x instead of beginning there


_Shape = _Box | _Words


def chart_svg(days: Sequence[DayCount], title: str) -> bytes:
    """The chart as an SVG file that runs nothing."""
    shapes = "".join(_svg(shape) for shape in _laid_out(days, title))
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif"'
    )
    paper = f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#{_PAPER}"/>'
    return f'{head} font-size="15"><title>{xml_text(title)}</title>{paper}\n{shapes}</svg>\n'.encode()


def chart_png(days: Sequence[DayCount], title: str) -> bytes:
    """The chart as a PNG file."""
    dots = [bytearray(bytes.fromhex(_PAPER) * _WIDTH) for _ in range(_HEIGHT)]
    for shape in _laid_out(days, title):
        if isinstance(shape, _Box):
            _fill(dots, shape)
        else:
            _write(dots, shape)
    header = struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 8, 2, 0, 0, 0)  # 8 bits of red, green and blue
    rows = zlib.compress(b"".join(b"\0" + row for row in dots), 9)
    chunks = (_chunk(b"IHDR", header), _chunk(b"IDAT", rows), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _laid_out(days: Sequence[DayCount], title: str) -> Iterator[_Shape]:
    yield _Words(_LEFT, 24, title)
    names = _names(days)
    bars = _bars(days, names)
    highest = max((sum(counts.values()) for _, counts in bars), default=0)
    step = _step(highest)
    top = max(step, -(-highest // step) * step)
    yield from _grid(top, step)
    for at, (day, counts) in enumerate(bars):
        yield from _bar(at, day, counts, (names, top, len(bars)))
    yield from _day_labels([day for day, _ in bars])
    yield from _legend(names)


def _names(days: Sequence[DayCount]) -> tuple[str, ...]:
    """The names with the most articles, and one for all others."""
    totals: Counter[str] = Counter()
    for each in days:
        totals[each.name] += each.articles
    most = [name for name, _ in totals.most_common(_MOST_NAMES)]
    return (*most, "others") if len(totals) > _MOST_NAMES else tuple(most)


def _bars(days: Sequence[DayCount], names: tuple[str, ...]) -> list[tuple[date, Counter[str]]]:
    """The counts of each day from the first to the last; of several days together when there are many."""
    if not days:
        return []
    first, last = date.fromisoformat(days[0].day), date.fromisoformat(days[-1].day)
    together = (last - first).days // _MOST_BARS + 1
    bars: list[tuple[date, Counter[str]]] = [
        (first + timedelta(days=at), Counter()) for at in range(0, (last - first).days + 1, together)
    ]
    for each in days:
        counts = bars[(date.fromisoformat(each.day) - first).days // together][1]
        counts[each.name if each.name in names else "others"] += each.articles
    return bars


def _step(highest: int) -> int:
    """The distance of the grid's lines: 1, 2 or 5 times a power of ten, at most five of them."""
    power = 1
    while True:
        for step in (power, 2 * power, 5 * power):
            if highest <= step * 5:
                return step
        power *= 10


def _grid(top: int, step: int) -> Iterator[_Shape]:
    for value in range(0, top + 1, step):
        y = _BOTTOM - (_BOTTOM - _TOP) * value // top
        yield _Box(_LEFT, y, _RIGHT - _LEFT, 1, _INK if value == 0 else _GRID)
        yield _Words(_LEFT - 8, y + 5, f"{value:,}", end=True)


def _bar(
    at: int, day: date, counts: Counter[str], scale: tuple[tuple[str, ...], int, int]
) -> Iterator[_Shape]:
    names, top, bars = scale
    left = _LEFT + (_RIGHT - _LEFT) * at // bars
    width = _LEFT + (_RIGHT - _LEFT) * (at + 1) // bars - left
    below = 0
    for name, color in zip(names, _COLORS, strict=False):
        start = _BOTTOM - (_BOTTOM - _TOP) * below // top
        below += counts[name]
        end = _BOTTOM - (_BOTTOM - _TOP) * below // top
        if start > end:
            gap = 1 if width > 3 else 0
            yield _Box(left, end, width - gap, start - end, color, f"{day} {_shown(name)}: {counts[name]:,}")


def _day_labels(days: list[date]) -> Iterator[_Shape]:
    every = max(1, -(-len(days) // _DAY_LABELS))
    for at in range(0, len(days), every):
        x = _LEFT + (_RIGHT - _LEFT) * at // len(days)
        yield _Box(x, _BOTTOM, 1, 6, _INK)
        yield _Words(x, _BOTTOM + 24, days[at].isoformat())


def _legend(names: tuple[str, ...]) -> Iterator[_Shape]:
    for at, (name, color) in enumerate(zip(names, _COLORS, strict=False)):
        yield _Box(_RIGHT + 20, _TOP + at * 26, 14, 14, color)
        yield _Words(_RIGHT + 42, _TOP + 13 + at * 26, _shown(name))


def _shown(name: str) -> str:
    return one_line(name)[:12] or "unknown"


def _svg(shape: _Shape) -> str:
    if isinstance(shape, _Words):
        anchor = ' text-anchor="end"' if shape.end else ""
        return f'<text x="{shape.x}" y="{shape.y}" fill="#{_INK}"{anchor}>{xml_text(shape.text)}</text>\n'
    tip = f"<title>{xml_text(shape.tip)}</title>" if shape.tip else ""
    size = f'x="{shape.x}" y="{shape.y}" width="{shape.width}" height="{shape.height}"'
    return f'<rect {size} fill="#{shape.color}">{tip}</rect>\n'


def _fill(dots: list[bytearray], box: _Box) -> None:
    row = bytes.fromhex(box.color) * box.width
    for y in range(box.y, box.y + box.height):
        dots[y][box.x * 3 : box.x * 3 + len(row)] = row


def _write(dots: list[bytearray], words: _Words) -> None:
    text = words.text.lower()
    left = words.x - len(text) * _LETTER if words.end else words.x
    for at, letter in enumerate(text):
        if letter != " " and left + (at + 1) * _LETTER <= _WIDTH:
            _stamp(dots, _DOTS.get(letter, _DOTS["?"]), left + at * _LETTER, words.y - 15)


def _stamp(dots: list[bytearray], rows: str, left: int, top: int) -> None:
    """One letter, each of its dots three by three."""
    for down, row in enumerate(rows):
        for right in range(3):
            if int(row) & (4 >> right):
                _fill(dots, _Box(left + right * 3, top + down * 3, 3, 3, _INK))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
