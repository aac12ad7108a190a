"""Feeds added to and removed from feeds.yaml: every other line stays, and the file is never half-written."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.config import load_config
from aggregator.errors import ConfigError, UsageError
from aggregator.feedlist import add_feeds, remove_feed

SHIPPED = Path(__file__).parent.parent / "feeds.yaml"
LISTED = """\
# Our wires.
defaults: {every: 5m}   # often

feeds:
  # --- North ---

  # The harbour's own.
  - url: https://harbour.example/rss   # theirs since 2019
    name: harbour
    tags: [ships, "weather: bad"]

  - url: https://gale.example/rss
    name: gale
    headers:
      X-Plain: one   # no secret

# The end.
keep: {pages: 2d}
"""
NEW = {"url": "https://new.example/rss", "name": "new", "title": "New: all", "tags": ["a", "b c"]}


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    path = tmp_path / "feeds.yaml"
    path.write_bytes(LISTED.encode())
    return path


def test_a_feed_is_added_behind_the_last_and_nothing_else_changes(listed: Path) -> None:
    [feed] = add_feeds(listed, [NEW], {})
    assert (feed.url, feed.name, feed.title, feed.tags) == (NEW["url"], "new", "New: all", ("a", "b c"))
    added = """
  - url: https://new.example/rss
    name: new
    title: 'New: all'
    tags: [a, b c]
"""
    assert listed.read_text() == LISTED.replace("# no secret\n", "# no secret\n" + added)


@pytest.mark.parametrize("name", ["gale", "https://gale.example/rss"])
def test_an_added_feed_is_removed_without_trace(listed: Path, name: str) -> None:
    add_feeds(listed, [NEW], {})
    assert remove_feed(listed, "new", {}).url == NEW["url"]
    assert listed.read_text() == LISTED
    remove_feed(listed, name, {})
    before, _, _ = LISTED.partition("\n  - url: https://gale")
    assert listed.read_text() == before + "\n# The end.\nkeep: {pages: 2d}\n"


def test_a_feed_takes_the_comment_along_that_is_its_alone(listed: Path) -> None:
    remove_feed(listed, "harbour", {})
    assert "# The harbour's own." not in listed.read_text()
    assert "  # --- North ---\n\n  - url: https://gale.example/rss\n" in listed.read_text()


def test_a_comment_above_several_feeds_stays(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yaml"
    path.write_text("feeds:\n\n# North\n- url: https://a.example/\n- url: https://b.example/\n")
    remove_feed(path, "a.example", {})
    assert path.read_text() == "feeds:\n\n# North\n- url: https://b.example/\n"


@pytest.mark.parametrize(
    ("text", "added", "removed"),
    [
        (
            "feeds: [{url: https://a.example/}]\n",
            "feeds: [{url: https://a.example/}, {url: 'https://z.example/'}]\n",
            "feeds: [{url: 'https://z.example/'}]\n",
        ),
        (
            "feeds: [{url: https://a.example/},]",
            "feeds: [{url: https://a.example/},{url: 'https://z.example/'}]",
            "feeds: [{url: 'https://z.example/'}]",
        ),
        (
            "feeds:\r\n- url: https://a.example/\r\n",
            "feeds:\r\n- url: https://a.example/\r\n- url: https://z.example/\r\n",
            "feeds:\r\n- url: https://z.example/\r\n",
        ),
        (
            "\ufefffeeds:\n    -   url: https://a.example/ # 😀",
            "\ufefffeeds:\n    -   url: https://a.example/ # 😀\n    - url: https://z.example/\n",
            "\ufefffeeds:\n    - url: https://z.example/\n",
        ),
    ],
)
def test_other_forms_of_the_list(tmp_path: Path, text: str, added: str, removed: str) -> None:
    path = tmp_path / "feeds.yaml"
    path.write_bytes(text.encode())
    add_feeds(path, [{"url": "https://z.example/"}], {})
    assert path.read_bytes().decode() == added
    remove_feed(path, "https://a.example/", {})
    assert path.read_bytes().decode() == removed


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"url": "https://gale.example/rss"}, "is also that of feeds[1]"),
        ({"url": "https://new.example/", "name": "gale"}, "'gale' is also that of feeds[1]"),
        ({"url": "https://new.example/", "every": "soon"}, "'soon' is not a duration"),
    ],
)
def test_what_would_be_wrong_changes_nothing(listed: Path, said: dict[str, str], fault: str) -> None:
    with pytest.raises(ConfigError, match="nothing was changed") as caught:
        add_feeds(listed, [said], {})
    assert fault in str(caught.value)
    assert listed.read_text() == LISTED
    assert list(listed.parent.iterdir()) == [listed]


def test_a_feed_others_refer_to_is_left_to_the_user(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yaml"
    text = "feeds:\n- url: https://a.example/\n  tags: &t [x]\n- url: https://b.example/\n  tags: *t\n"
    path.write_text(text)
    with pytest.raises(ConfigError, match="nothing was changed"):
        remove_feed(path, "a.example", {})
    assert path.read_text() == text


def test_what_cannot_be_removed_is_named(listed: Path) -> None:
    with pytest.raises(UsageError, match="no feed is named 'none'"):
        remove_feed(listed, "none", {})
    remove_feed(listed, "gale", {})
    with pytest.raises(UsageError, match="'harbour' is its only feed"):
        remove_feed(listed, "harbour", {})


def test_without_a_file_one_is_made(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yaml"
    add_feeds(path, [NEW, {"url": "https://b.example/"}], {})
    assert [feed.url for feed in load_config(path, {}).feeds] == [NEW["url"], "https://b.example/"]


def test_rights_and_links_stay(listed: Path) -> None:
    listed.chmod(0o640)
    link = listed.parent / "link.yaml"
    link.symlink_to(listed.name)
    add_feeds(link, [NEW], {})
    assert link.is_symlink()
    assert stat.S_IMODE(listed.stat().st_mode) == 0o640
    assert "new.example" in listed.read_text()


def test_each_feed_of_the_shipped_list_can_go(tmp_path: Path) -> None:
    path = tmp_path / "feeds.yaml"
    text = SHIPPED.read_text("utf8")
    lines = set(text.splitlines())
    for feed in load_config(SHIPPED, {}).feeds[::7]:
        path.write_text(text, "utf8")
        remove_feed(path, feed.name, {})
        assert set(path.read_text("utf8").splitlines()) <= lines
        assert feed.url not in path.read_text("utf8")


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1))
def test_any_title_comes_back_as_it_was_given(title: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "feeds.yaml"
        path.write_text(LISTED)
        [feed] = add_feeds(path, [NEW | {"title": title}], {})
    assert feed.title == (title.strip() or None)
