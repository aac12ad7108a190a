"""The chart is a valid file of its kind and shows what was counted."""

from __future__ import annotations

import struct
import zlib
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from aggregator.query.counts import DayCount
from aggregator.render.chart import chart_png, chart_svg

_FIRST = date(2031, 5, 1)
_SVG = "{http://www.w3.org/2000/svg}"

day_counts = st.lists(
    st.builds(
        DayCount,
        st.integers(0, 2_000).map(lambda day: (_FIRST + timedelta(days=day)).isoformat()),
        st.text(max_size=20),
        st.integers(1, 10_000_000),
    ),
    max_size=30,
).map(lambda days: sorted(days, key=lambda each: each.day))


def tips(svg: bytes) -> list[str]:
    root = etree.fromstring(svg)
    return [title.text or "" for title in root.findall(f"{_SVG}rect/{_SVG}title")]


def pixels(png: bytes) -> tuple[int, int, bytes]:
    """Width, height and rows of red, green and blue, each chunk's checksum verified (ISO/IEC 15948 §5)."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, at = {}, 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        assert struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0] == zlib.crc32(kind + data)
        chunks[kind] = data
        at += 12 + length
    width, height, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert rest == [8, 2, 0, 0, 0]
    rows = zlib.decompress(chunks[b"IDAT"])
    assert len(rows) == height * (1 + 3 * width)
    return width, height, rows


def test_each_day_and_name_is_a_bar() -> None:
    days = [
        DayCount("2031-05-01", "lumen", 3),
        DayCount("2031-05-01", "nordica", 5),
        DayCount("2031-05-03", "", 2),
    ]
    svg = chart_svg(days, "Articles")
    assert sorted(tips(svg)) == ["2031-05-01 lumen: 3", "2031-05-01 nordica: 5", "2031-05-03 unknown: 2"]


def test_bars_are_as_high_as_their_counts() -> None:
    root = etree.fromstring(chart_svg([DayCount("2031-05-01", "a", 10), DayCount("2031-05-02", "a", 5)], "x"))
    high, low = (int(rect.get("height", "")) for rect in root.findall(f"{_SVG}rect") if len(rect))
    assert high == 2 * low


def test_the_least_names_are_shown_together() -> None:
    days = [DayCount("2031-05-01", f"agency{number}", 20 - number) for number in range(10)]
    assert "2031-05-01 others: 36" in tips(chart_svg(days, "x"))


@given(day_counts, st.text(max_size=30))
def test_any_counts_make_a_valid_svg(days: list[DayCount], title: str) -> None:
    root = etree.fromstring(chart_svg(days, title))
    for rect in root.findall(f"{_SVG}rect"):
        assert int(rect.get("width", "")) > 0
        assert int(rect.get("height", "")) > 0


def test_a_png_shows_the_same_bars() -> None:
    empty = pixels(chart_png([], "Articles by day"))
    width, height, rows = pixels(chart_png([DayCount("2031-05-01", "nordica", 5)], "Articles by day"))
    assert (width, height) == empty[:2]
    assert rows.count(bytes.fromhex("0072b2")) > 100_000 > empty[2].count(bytes.fromhex("0072b2"))


@pytest.mark.parametrize("name", ["東京", "<b>", "a" * 50, "\x1b[2J"])
def test_any_name_can_be_drawn(name: str) -> None:
    days = [DayCount("2031-05-01", name, 1)]
    pixels(chart_png(days, name))
    etree.fromstring(chart_svg(days, "x"))
