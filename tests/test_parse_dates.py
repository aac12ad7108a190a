"""Dates as feeds write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aggregator.parse.dates import read_date

SEVEN = datetime(2026, 10, 5, 7, tzinfo=UTC)
TEN = datetime(2026, 10, 5, 10, tzinfo=UTC)
DAY = datetime(2026, 10, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("raw", "moment"),
    [
        # RFC 822, and what is made of it
        ("Mon, 05 Oct 2026 10:00:00 +0300", SEVEN),
        ("Mon, 5 Oct 2026 10:00 +0300", SEVEN),
        # read as a year below 1000: https://github.com/kurtmckee/feedparser/issues/114
        ("05 Oct 26 10:00:00 +0300", SEVEN),
        ("Mon,05 October 2026 10:00:00 +03:00", SEVEN),
        ("Sun, 05 Oct 2026 10:00:00 GMT", TEN),
        ("Mon, 05 Oct 2026 10:00:00 -00:00", TEN),
        ("Mon, 05 Oct 2026 10:00:00 GMT+3", SEVEN),
        ("Mon, 05 Oct 2026 10:00:00 UTC+03:00", SEVEN),
        ("Mon, 05 Oct 2026 10:00:00 GMT+0300 (Moscow Standard Time)", SEVEN),
        ("Mon, 05 Oct 2026 10:00:60 GMT", datetime(2026, 10, 5, 10, 0, 59, tzinfo=UTC)),
        ("Mon, 05 Oct 2026 24:00:00 GMT", datetime(2026, 10, 6, tzinfo=UTC)),
        ("Mon, 05 Oct 99 10:00:00 GMT", datetime(1999, 10, 5, 10, tzinfo=UTC)),
        # names of zones, most of which feedparser takes for UTC (https://github.com/kurtmckee/feedparser/issues/20)
        ("Mon, 05 Oct 2026 10:00:00 MSK", SEVEN),
        ("Mon, 05 Oct 2026 12:30:00 IST", SEVEN),
        ("Mon, 05 Oct 2026 16:00:00 JST", SEVEN),
        ("Mon, 05 Oct 2026 16:00:00 KST", SEVEN),
        ("Mon, 05 Oct 2026 08:00:00 BST", SEVEN),
        ("Mon, 05 Oct 2026 09:00:00 CEST", SEVEN),
        ("Mon, 05 Oct 2026 17:00:00 AEST", SEVEN),
        ("Mon, 05 Oct 2026 18:00:00 AEDT", SEVEN),
        ("Mon, 05 Oct 2026 03:00:00 EDT", SEVEN),
        ("Mon, 05 Oct 2026 03:00:00 America/New_York", SEVEN),
        # ISO 8601
        ("2026-10-05T10:00:00+03:00", SEVEN),
        ("2026-10-05T10:00:00+0300", SEVEN),
        ("2026-10-05T10:00:00.123456789Z", TEN),
        ("2026-10-05 10:00:00 +0300", SEVEN),
        ("2026-10-05T05:00:00 EST", TEN),
        ("20261005T100000Z", TEN),
        ("20261005100000", TEN),
        ("2026-W41-1", DAY),
        ("2026-10-05", DAY),
        ("2026-10-05T24:00:00Z", datetime(2026, 10, 6, tzinfo=UTC)),
        # other orders
        # feedparser reads the year and makes up the rest: https://github.com/kurtmckee/feedparser/issues/75
        ("2026/10/5 10:00:00", TEN),
        ("2026/1/10", datetime(2026, 1, 10, tzinfo=UTC)),
        ("05.10.2026 10:00", TEN),
        ("10:00 05.10.2026", TEN),
        ("05/10/2026 10:00:00", TEN),
        ("10/05/2026 10:00:00 AM", TEN),
        ("31/10/2026", datetime(2026, 10, 31, tzinfo=UTC)),
        ("10/31/2026", datetime(2026, 10, 31, tzinfo=UTC)),
        ("Monday, October 5, 2026 - 10:00", TEN),
        ("Oct 5, 2026 10:00 pm", datetime(2026, 10, 5, 22, tzinfo=UTC)),
        ("Oct 5, 2026 12:30 am", datetime(2026, 10, 5, 0, 30, tzinfo=UTC)),
        ("Mon Oct  5 10:00:00 2026", TEN),
        ("Mon Oct 05 10:00:00 MSK 2026", SEVEN),
        ("1791183600", SEVEN),
        ("1791183600000", SEVEN),
        # other languages
        ("Пн, 05 Окт 2026 10:00:00 +0300", SEVEN),
        ("Пн, 5 окт. 2026 г., 10:00", TEN),
        ("5 жовтня 2026 10:00", TEN),
        ("Mo, 05 Okt 2026 09:00:00 +0200", SEVEN),
        ("lun., 05 oct. 2026 09:00:00 +0200", SEVEN),
        ("5 de outubro de 2026 10:00", TEN),
        ("5 października 2026 10:00", TEN),
        ("5 Ekim 2026 10:00", TEN),
        ("٥ أكتوبر 2026 10:00", TEN),
        ("2026년 10월 5일 10:00", TEN),
        ("2026年10月5日 10:00", TEN),
    ],
)
def test_a_date_is_a_moment(raw: str, moment: datetime) -> None:
    assert read_date(raw) == moment


@pytest.mark.parametrize(
    "raw",
    [
        None,
        "",
        "not a date",
        "yesterday, 10:00",
        "0000-00-00 00:00:00",
        "0001-01-01T00:00:00Z",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Fri, 30 Feb 2026 10:00:00 GMT",
        "Mon, 05 Oct 2026 25:00:00 GMT",
        "Mon, 05 Oct 2026 10:61:00 GMT",
        "05 Xyz 2026",
        "9999-12-31T23:59:59-12:00",
        "99999999999999999999",
    ],
)
def test_what_names_no_moment_is_none(raw: str | None) -> None:
    assert read_date(raw) is None


@pytest.mark.parametrize(
    ("raw", "timezone", "moment"),
    [
        ("05.10.2026 10:00", "Europe/Moscow", SEVEN),
        ("Mon, 05 Oct 2026 10:00:00", "Europe/Moscow", SEVEN),
        ("Mon, 05 Oct 2026 10:00:00 +0000", "Europe/Moscow", TEN),
        ("Mon, 05 Oct 2026 15:00:00 CST", "Asia/Shanghai", SEVEN),
        ("Mon, 05 Oct 2026 15:00:00 CST", None, datetime(2026, 10, 5, 21, tzinfo=UTC)),
        ("Mon, 05 Oct 2026 10:00:00 XYZ", "Europe/Moscow", SEVEN),
        ("05.10.2026 10:00", "Nowhere/Else", TEN),
        ("05.10.2026 10:00", "../../etc/passwd", TEN),
    ],
)
def test_the_zone_of_the_feed_is_that_of_dates_without_one(
    raw: str, timezone: str | None, moment: datetime
) -> None:
    assert read_date(raw, timezone) == moment
