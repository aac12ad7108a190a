"""One form of a URL."""

from __future__ import annotations

import pytest

from aggregator.urls import canonical, readable_url, web_url


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("https://wire.example/a/1?id=7&b=%20#top", "https://wire.example/a/1?id=7&b=%20#top"),
        ("http://wire.example:8080", "http://wire.example:8080"),
        (" https://wire.example/a b ", "https://wire.example/ab"),
        ("https://wire.example/новости", "https://wire.example/%D0%BD%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D0%B8"),
        ("/a/1", "https://feeds.example/a/1"),
        ("//wire.example/a", "https://wire.example/a"),
        ("https://wire.example:99999/", None),
        ("https://-/", "https://-/"),
        ("javascript:alert(1)", None),
        ("mailto:desk@wire.example", None),
        ("https://wire.example/" + "a" * 9_000, None),
    ],
)
def test_web_url(given: str, found: str | None) -> None:
    assert web_url(given, "https://feeds.example/rss.xml") == found


def test_a_readable_url_keeps_its_letters_and_is_the_same_page() -> None:
    given = "https://wire.example/новости/паром?q=<b>"
    assert readable_url(given) == "https://wire.example/новости/паром?q=%3Cb%3E"
    assert readable_url("/новости", "https://wire.example/rss") == "https://wire.example/новости"
    assert readable_url("javascript:alert(1)", "https://wire.example/rss") is None
    assert canonical(readable_url(given)) == canonical(web_url(given))
