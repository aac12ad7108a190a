"""feeds.yaml → Config: what it says, and every fault with its line and key."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aggregator.config import load_config
from aggregator.errors import ConfigError
from aggregator.model import PagePolicy

if TYPE_CHECKING:
    from aggregator.model import Config, Feed

SHIPPED = Path(__file__).parent.parent / "feeds.yaml"


def load(folder: Path, text: str | bytes, **environment: str) -> Config:
    path = folder / "feeds.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_config(path, environment)


def faults(folder: Path, text: str | bytes, **environment: str) -> list[str]:
    """The faults of a file, each without the folder before it."""
    with pytest.raises(ConfigError) as caught:
        load(folder, text, **environment)
    assert str(caught.value) == "\n".join(caught.value.faults)
    assert all(fault.startswith(str(folder)) for fault in caught.value.faults)
    return [fault.removeprefix(f"{folder}/") for fault in caught.value.faults]


def fault(folder: Path, text: str | bytes, **environment: str) -> str:
    """The one fault of a file."""
    [found] = faults(folder, text, **environment)
    return found


def only_feed(config: Config) -> Feed:
    [feed] = config.feeds
    return feed


def test_a_feed_with_everything_said(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        """
keep: {pages: 2d, fetches: 90m}
contact: desk@harbour.example
feeds:
  - url: https://harbour.example/rss/v2.xml
    name: harbour-all
    title: Harbour, all news
    agency: harbour-1
    section: All news
    language: pt-BR
    tags: [ships, weather]
    headers: {X-Plain: one}
    timezone: Europe/Lisbon
    extract: {body: div.text, headline: h1}
    every: 90s
    at_most: 1d
    pages: always
    spacing: 0s
    allow_private: yes
""",
    )
    feed = only_feed(config)
    assert (config.keep_pages, config.keep_fetches) == (timedelta(days=2), timedelta(minutes=90))
    assert config.contact == "desk@harbour.example"
    assert (feed.url, feed.name) == ("https://harbour.example/rss/v2.xml", "harbour-all")
    assert (feed.title, feed.agency, feed.section) == ("Harbour, all news", "harbour-1", "All news")
    assert (feed.language, feed.timezone) == ("pt-BR", "Europe/Lisbon")
    assert (feed.tags, feed.headers) == (("ships", "weather"), (("X-Plain", "one"),))
    assert feed.extract == (("body", "div.text"), ("headline", "h1"))
    assert (feed.every, feed.at_most) == (timedelta(seconds=90), timedelta(days=1))
    assert (feed.pages, feed.spacing, feed.allow_private) == (PagePolicy.ALWAYS, timedelta(), True)


def test_what_is_not_said_has_a_default(tmp_path: Path) -> None:
    config = load(tmp_path, "feeds: [{url: 'https://harbour.example/rss'}]")
    feed = only_feed(config)
    assert (feed.every, feed.at_most, feed.spacing) == (
        timedelta(minutes=10), timedelta(hours=6), timedelta(seconds=1),
    )  # fmt: skip
    assert (feed.pages, feed.allow_private, feed.headers, feed.tags) == (PagePolicy.AUTO, False, (), ())
    assert (feed.title, feed.agency, feed.section, feed.language, feed.timezone) == (None,) * 5
    assert (config.contact, config.keep_pages, config.keep_fetches) == (
        None, timedelta(days=30), timedelta(days=30),
    )  # fmt: skip


def test_defaults_hold_for_every_feed_that_does_not_say_otherwise(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        """
defaults: {every: 2m, at_most: 2h, pages: never, spacing: 5s, language: fr, timezone: Europe/Paris}
feeds:
  - url: https://harbour.example/a
  - url: https://harbour.example/b
    every: 3m
    pages: auto
    language: en
""",
    )
    first, second = config.feeds
    assert (first.every, first.pages, first.language) == (timedelta(minutes=2), PagePolicy.NEVER, "fr")
    assert (second.every, second.pages, second.language) == (timedelta(minutes=3), PagePolicy.AUTO, "en")
    assert (second.at_most, second.spacing, second.timezone) == (
        timedelta(hours=2), timedelta(seconds=5), "Europe/Paris",
    )  # fmt: skip


def test_names_are_made_from_urls_and_told_apart(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        """
feeds:
  - url: https://www.harbour.example/rss/v2.xml
  - url: https://harbour.example/rss/v2.rss
  - url: https://harbour.example/rss/v2?all=1
  - url: https://harbour.example/
  - url: https://harbour.example/новости.php
""",
    )
    assert [feed.name for feed in config.feeds] == [
        "harbour.example-rss-v2",
        "harbour.example-rss-v2-2",
        "harbour.example-rss-v2-3",
        "harbour.example",
        "harbour.example-новости",
    ]


def test_a_made_name_gives_way_to_a_given_one(tmp_path: Path) -> None:
    text = """
feeds:
  - url: https://harbour.example/rss
  - {url: https://quay.example/rss, name: harbour.example-rss}
"""
    config = load(tmp_path, text)
    assert [feed.name for feed in config.feeds] == ["harbour.example-rss-2", "harbour.example-rss"]


def test_an_alias_repeats_what_its_anchor_says(tmp_path: Path) -> None:
    text = """
feeds:
  - url: https://harbour.example/a
    headers: &same {X-Key: "${KEY}"}
  - url: https://harbour.example/b
    headers: *same
"""
    first, second = load(tmp_path, text, KEY="k").feeds
    assert first.headers == second.headers == (("X-Key", "k"),)


def test_secrets_come_from_the_environment_and_from_files(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret\n")
    text = """
feeds:
  - url: https://harbour.example/a
    headers: {Authorization: "Bearer ${KEY}, ${OTHER}", X-Key: "file:token"}
"""
    config = load(tmp_path, text, KEY="abc", OTHER="d")
    assert only_feed(config).headers == (("Authorization", "Bearer abc, d"), ("X-Key", "s3cret"))
    assert "abc" not in repr(config)
    assert "s3cret" not in repr(config)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("${NO_SUCH}", "the environment variable NO_SUCH is not set"),
        ("file:none", "/none cannot be read"),
        ("file:binary", "/binary cannot be read"),
        ('"a\\nSet-Cookie: b"', "is not a header with a value of one line"),
        ("${EVIL}", "is not a header with a value of one line"),
        ("schlüssel", "is not a header with a value of one line in ASCII"),
    ],
)
def test_a_secret_that_cannot_be_had_is_a_fault(tmp_path: Path, value: str, said: str) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    text = f"feeds:\n- url: https://harbour.example/a\n  headers:\n    X-Key: {value}\n"
    found = fault(tmp_path, text, EVIL="a\r\nX-Other: hidden")
    assert found.startswith("feeds.yaml:4: feeds[0].headers: ")
    assert said in found
    assert "hidden" not in found


@pytest.mark.parametrize(
    ("line", "key", "said"),
    [
        ("colour: red", "colour", "unknown key; known are url, name"),
        ("url: https://quay.example/", "url", "given twice"),
        ("every: 10 minutes", "every", "'10 minutes' is not a duration"),
        ("every: 0m", "every", "must be longer than nothing"),
        ("every: [10m]", "every", "must be a single value"),
        ("every: 7h", "every", "is longer than at_most"),
        ("at_most: -1h", "at_most", "'-1h' is not a duration"),
        ("spacing: soon", "spacing", "'soon' is not a duration"),
        ("pages: sometimes", "pages", "'sometimes' is none of auto, never, always"),
        ("name: a b", "name", "'a b' is not a name"),
        ("name: '-x'", "name", "'-x' is not a name"),
        ("agency: T.A.S.S.", "agency", "is not an agency's key"),
        ("language: English", "language", "is not a language tag"),
        ("timezone: Moscow", "timezone", "'Moscow' is not a time zone"),
        ("timezone: ../../etc/passwd", "timezone", "is not a time zone"),
        ("tags: russia", "tags", "must be a list"),
        ("tags: [a, {b: c}]", "tags", "must be a single value"),
        ("headers: [a]", "headers", "must be a mapping"),
        ("headers: &h {a: *h}", "headers", "must be a single value"),
        ("headers: {'a b': c}", "headers", "'a b' is not a header"),
        ("extract: {colour: p}", "extract", "'colour' cannot be selected; known are headline"),
        ("allow_private: maybe", "allow_private", "'maybe' is not true or false"),
        ("title: {a: b}", "title", "must be a single value"),
    ],
)
def test_a_wrong_value_is_named_with_its_line_and_key(tmp_path: Path, line: str, key: str, said: str) -> None:
    good = "# a comment\nfeeds:\n  - url: https://harbour.example/a\n    "
    found = fault(tmp_path, good + line)
    assert said in found
    place, named, _ = found.split(": ", 2)
    assert named == f"feeds[0].{key}"
    # What contradicts another line is named where the feed begins.
    assert place == ("feeds.yaml:3" if "longer than at_most" in said else "feeds.yaml:4")


@pytest.mark.parametrize(
    "url",
    [
        "harbour.example/rss", "ftp://harbour.example/rss", "file:///etc/passwd", "''", "https://", "[a]",
        "https://harbour.example:99999/", "https://har bour.example/", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_what_is_no_web_address_is_named(tmp_path: Path, url: str) -> None:
    found = fault(tmp_path, f"feeds:\n  - name: a\n    url: {url}\n")
    assert found.startswith("feeds.yaml:3: feeds[0].url: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "feeds.yaml:1: is empty"),
        ("# only a comment\n", "feeds.yaml:1: is empty"),
        ("defaults: {every: 5m}\n", "feeds.yaml:1: feeds: missing"),
        ("feeds:\n", "feeds.yaml:1: feeds: must be a list with at least one feed"),
        ("feeds: []\n", "feeds.yaml:1: feeds: must be a list with at least one feed"),
        ("feeds: {url: https://harbour.example/}\n", "feeds.yaml:1: feeds: must be a list"),
        ("- https://harbour.example/\n", "feeds.yaml:1: file: must be a mapping of defaults"),
        ("just words", "feeds.yaml:1: file: must be a mapping"),
        ("feeds:\n- https://harbour.example/\n", "feeds.yaml:2: feeds[0]: must be a mapping of url"),
        ("feeds:\n- name: a\n", "feeds.yaml:2: feeds[0].url: missing"),
        ("\nwhat: 1\nfeeds: [{url: 'https://a.example/'}]", "feeds.yaml:2: what: unknown key"),
        ("keep: {all: 1d}\nfeeds: [{url: 'https://a.example/'}]", "feeds.yaml:1: keep.all: unknown key"),
        ("defaults: {name: a}\nfeeds: [{url: 'https://a.example/'}]", "1: defaults.name: unknown key"),
        ("defaults: 10m\nfeeds: [{url: 'https://a.example/'}]", "1: defaults: must be a mapping"),
    ],
)
def test_a_file_of_the_wrong_shape_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    assert said in fault(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("feeds:\n\t- url: https://harbour.example/\n", "feeds.yaml:2: is not YAML: "),
        ("feeds:\n  - url: 'https://harbour.example/\n", "is not YAML: "),
        ("feeds: [\n", "is not YAML: "),
        ("feeds:\n  - url: *none\n", "feeds.yaml:2: is not YAML: "),
        ("feeds: [{url: 'https://a.example/'}]\n---\nfeeds: []\n", "is not YAML: "),
        (b"feeds:\n  - url: \x07\n", "is not YAML: "),
        (b"feeds:\n  # caf\xe9\n", "feeds.yaml:2: is not UTF-8"),
        (b"\xff\xfef\x00e\x00e\x00d\x00s\x00", "feeds.yaml:1: is not UTF-8"),
        ("[" * 5_000, "is not YAML: "),
    ],
)
def test_what_is_no_yaml_is_one_line(tmp_path: Path, text: str | bytes, said: str) -> None:
    found = fault(tmp_path, text)
    assert said in found
    assert "\n" not in found


def test_a_tag_of_yaml_makes_no_object(tmp_path: Path) -> None:
    text = "feeds: !!python/object/apply:os.system ['touch made']\n"
    assert "feeds[0]: must be a mapping" in fault(tmp_path, text)
    assert not (tmp_path / "made").exists()
    assert not Path("made").exists()


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    text = "\ufefffeeds: [{url: 'https://harbour.example/'}]"
    assert only_feed(load(tmp_path, text)).name == "harbour.example"


def test_a_file_too_large_a_folder_and_none_at_all(tmp_path: Path) -> None:
    assert "larger than 16 MiB" in fault(tmp_path, b"#" * (16 * 2**20 + 1))
    with pytest.raises(ConfigError, match=r"feeds\.yaml: no such file; write one"):
        load_config(tmp_path / "none" / "feeds.yaml", {})
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_config(tmp_path / "folder", {})


def test_a_name_or_url_given_to_two_feeds_is_named(tmp_path: Path) -> None:
    text = """feeds:
  - {url: https://harbour.example/a, name: one}
  - {url: https://harbour.example/b, name: one}
  - {url: https://harbour.example/a, name: two}
"""
    assert faults(tmp_path, text) == [
        "feeds.yaml:3: feeds[1].name: 'one' is also that of feeds[0]",
        "feeds.yaml:4: feeds[2].url: 'https://harbour.example/a' is also that of feeds[0]",
    ]


def test_all_faults_are_named_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = """defaults:
  every: often
feeds:
  - url: nowhere
    pages: no
  - title: nameless
  - url: https://harbour.example/
    agency: X
    tags: {a: b}
color: red
"""
    found = [line.split(": ")[:2] for line in faults(tmp_path, text)]
    assert found == [
        ["feeds.yaml:2", "defaults.every"],
        ["feeds.yaml:4", "feeds[0].url"],
        ["feeds.yaml:5", "feeds[0].pages"],
        ["feeds.yaml:6", "feeds[1].url"],
        ["feeds.yaml:8", "feeds[2].agency"],
        ["feeds.yaml:9", "feeds[2].tags"],
        ["feeds.yaml:10", "color"],
    ]


def test_the_shipped_feeds_yaml_loads() -> None:
    config = load_config(SHIPPED, {})
    assert len(config.feeds) >= 60
    assert len({feed.agency for feed in config.feeds if feed.agency}) >= 25
    assert len({feed.language for feed in config.feeds}) >= 12
