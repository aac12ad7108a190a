"""One form of a URL, and the outlet it names."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.urls import canonical, outlet_of, readable_url, web_url

DATA = Path(__file__).parent.parent / "aggregator" / "data"


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("https://wire.example/a/1?id=7&b=%20#top", "https://wire.example/a/1?id=7&b=%20#top"),
        ("http://wire.example:8080", "http://wire.example:8080"),
        (" https://wire.example/a b ", "https://wire.example/ab"),
        ("https://wire.example/новости", "https://wire.example/%D0%BD%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D0%B8"),
        ("/a/1", "https://feeds.example/a/1"),
        ("../a", "https://feeds.example/a"),
        ("?page=2", "https://feeds.example/rss.xml?page=2"),
        ("//wire.example/a", "https://wire.example/a"),
        ("HTTPS://wire.example/a", "https://wire.example/a"),
        ("https://wire.example:99999/", None),
        ("https://[::1/", None),
        ("https://wire.example/\ud800", None),
        ("https://-/", "https://-/"),
        ("javascript:alert(1)", None),
        ("data:text/html,hi", None),
        ("file:///etc/passwd", None),
        ("mailto:desk@wire.example", None),
        ("https://wire.example/" + "a" * 9_000, None),
    ],
)
def test_web_url(given: str, found: str | None) -> None:
    assert web_url(given, "https://feeds.example/rss.xml") == found


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("https://wire.example/a?b=%20#c", "https://wire.example/a?b=%20#c"),
        ("/новости и спорт", "https://feeds.example/новостииспорт"),
        ('https://wire.example/"a"<b>', "https://wire.example/%22a%22%3Cb%3E"),
        ("https://wire.example/\x00\x1b", "https://wire.example/%00%1B"),
        ("https://wire.example/\ud800", None),
        ("javascript:alert(1)", None),
    ],
)
def test_readable_url(given: str, found: str | None) -> None:
    assert readable_url(given, "https://feeds.example/rss.xml") == found


@pytest.mark.parametrize("nothing", [None, "", "relative/only"])
def test_without_a_base_only_a_whole_address_is_one(nothing: str | None) -> None:
    assert web_url(nothing) is None


SAME = "https://wire.example/news/1?id=7"


@pytest.mark.parametrize(
    "spelling",
    [
        "https://wire.example/news/1?id=7",
        "http://wire.example/news/1?id=7",
        "https://WIRE.example/news/1?id=7",
        "https://wire.example./news/1?id=7",
        "https://wire.example:443/news/1?id=7",
        "http://wire.example:80/news/1?id=7",
        "https://wire.example/news/1?id=7#comments",
        "https://wire.example/news/1?id=7&",
        "https://wire.example/news/1?utm_source=rss&utm_medium=feed&id=7",
        "https://wire.example/news/1?id=7&fbclid=abc&UTM_Campaign=x",
        "https://wire.example/news/1?id=7&output=amp",
        "https://wire.example/news/1?amp&id=7",
        " https://wire.example/news/1?id=7\n",
    ],
)
def test_spellings_of_one_page_have_one_form(spelling: str) -> None:
    assert canonical(spelling) == SAME


@pytest.mark.parametrize(
    "other",
    [
        "https://wire.example/news/1?id=8",
        "https://wire.example/news/1",
        "https://wire.example/news/1/?id=7",
        "https://wire.example/News/1?id=7",
        "https://wire.example:8443/news/1?id=7",
        "https://m.wire.example/news/1?id=7",
        "https://wire.example/news/1?id=7&page=2",
    ],
)
def test_other_pages_have_other_forms(other: str) -> None:
    assert canonical(other) != SAME


@pytest.mark.parametrize("name", ["id", "p", "article", "story", "page", "v", "newsid", "doc", "lang", "q"])
def test_a_parameter_that_names_the_page_stays(name: str) -> None:
    url = f"https://wire.example/show?{name}=1"
    assert canonical(url) == url


def test_the_order_of_parameters_stays() -> None:
    assert canonical("https://wire.example/?b=2&utm_id=1&a=1") == "https://wire.example/?b=2&a=1"


def test_every_parameter_that_only_tracks_goes() -> None:
    data = tomllib.loads((DATA / "tracking.toml").read_text("utf8"))
    names = data["parameters"] + [f"{prefix}x" for prefix in data["prefixes"]]
    assert canonical("https://wire.example/a?" + "&".join(f"{each}=1" for each in names)) == (
        "https://wire.example/a"
    )


def test_the_form_of_a_form_is_itself() -> None:
    for url in (SAME, "https://wire.example/a%20b?c=%C3%BC", "http://wire.example", "https://[::1]:8080/x"):
        once = canonical(url)
        assert once is not None
        assert canonical(once) == once


_PIECES = [
    "a",
    "www.",
    "m.",
    ".",
    "-",
    ":80",
    ":443",
    ":8080",
    ":0080",
    ":0",
    "/",
    "//",
    "?",
    "&",
    "b=1",
    "utm_source=x",
    "amp",
    ";",
    "#c",
]


@given(st.sampled_from(["http", "https"]), st.lists(st.sampled_from(_PIECES), max_size=9).map("".join))
def test_an_address_spelled_well_has_the_form_of_any_spelling(scheme: str, rest: str) -> None:
    spellings = (f"{scheme}://wire.example{rest}", f"{scheme.upper()}://wire.example{rest}")
    assert len({canonical(each) for each in spellings}) == 1
    assert len({outlet_of(each) for each in spellings}) == 1


@pytest.mark.parametrize(
    ("url", "outlet"),
    [
        ("https://www.wire.example/a", "wire.example"),
        ("https://WWW2.Wire.example:8080/a", "wire.example"),
        ("https://m.wire.example/a", "wire.example"),
        ("https://amp.wire.example/a", "wire.example"),
        ("https://news.wire.example/a", "news.wire.example"),
        ("https://www.example/", "www.example"),
        ("https://user:secret@wire.example/", "wire.example"),
        ("http://127.0.0.1:81/", "127.0.0.1"),
        ("mailto:desk@wire.example", None),
        (None, None),
    ],
)
def test_outlet_of(url: str | None, outlet: str | None) -> None:
    assert outlet_of(url) == outlet
