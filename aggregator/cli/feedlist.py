"""`feeds add`, `remove`, `import` and `export`: the list of feeds itself."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aggregator.cli.checking import NoFeedError, offered, try_feed, unlisted_feed
from aggregator.config import load_config
from aggregator.errors import AggregatorError, ParseError, UsageError
from aggregator.feedlist import add_feeds, remove_feed
from aggregator.opml import LARGEST, read_opml, render_opml
from aggregator.printable import safe_line
from aggregator.urls import canonical, web_url

if TYPE_CHECKING:
    from aggregator.cli import Settings
    from aggregator.opml import Outline


@click.command()
@click.argument("url")
@click.option("--name", help="Short and unique.  [default: made from the URL]")
@click.option("--title", help="What it is, for people.")
@click.option("--agency", help="Key of the agency that writes all of it.")
@click.option("--section", help="The section of all of it.")
@click.option("--language", help="Such as en.")
@click.option("--tag", "tags", multiple=True, help="A keyword; may be given again.")
@click.option("--every", metavar="TIME", help="Floor of its interval, such as 5m.")
@click.option("--at-most", metavar="TIME", help="Ceiling of its interval, such as 1h.")
@click.option("--pages", type=click.Choice(["auto", "never", "always"]), help="Whether pages are fetched.")
@click.option("--timezone", help="Of dates without one, such as Europe/Moscow.")
@click.option("--allow-private", is_flag=True, help="It may be on a loopback or private address.")
@click.option("--unchecked", is_flag=True, help="Without asking it first.")
@click.pass_obj
def add(settings: Settings, /, url: str, *, unchecked: bool, allow_private: bool, **said: Any) -> None:  # noqa: ANN401 (click's)
    """Adds a feed to feeds.yaml, whose comments, order and other lines stay as they are.

    The feed is asked once before; of an HTML page the feeds it names are listed, and nothing is added.

    \b
    aggregator feeds add https://tass.com/rss/v2.xml --name tass-all --agency tass --tag russia
    """
    if web_url(url) is None:
        raise UsageError(f"'{url[:120]}' is not an http(s) URL")
    if not unchecked:
        _check(url, allow_private=allow_private)
    given = {"url": url, **{key: _plain(value) for key, value in said.items() if value}}
    if allow_private:
        given["allow_private"] = True
    [feed] = add_feeds(settings.feeds, [given], os.environ)
    click.echo(f"{settings.feeds}: added {feed.name}")


@click.command()
@click.argument("name")
@click.pass_obj
def remove(settings: Settings, name: str) -> None:
    """Removes a feed (by its name or URL) from feeds.yaml; what it brought stays in the database.

    \b
    aggregator feeds remove tass-all
    """
    feed = remove_feed(settings.feeds, name, os.environ)
    click.echo(f"{settings.feeds}: removed {feed.name} ({feed.url})")


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--dry-run", is_flag=True, help="Only say what would be added.")
@click.pass_obj
def import_(settings: Settings, file: Path, *, dry_run: bool) -> None:
    """Adds the feeds of an OPML file (- is standard input) to feeds.yaml.

    An outline around feeds becomes their section, outlines around that their tags. Feeds that are there
    already and what is no http(s) URL are named on stderr and left out.

    \b
    aggregator feeds import subscriptions.opml
    """
    found = read_opml(_read(file))
    known = load_config(settings.feeds, os.environ).feeds if settings.feeds.exists() else ()
    urls, names = {canonical(feed.url) for feed in known}, {feed.name for feed in known}
    for fault in found.faults:
        _tell(f"{file}: {fault}; left out")
    wanted = []
    for each in found.outlines:
        if canonical(each.said["url"]) in urls:
            _tell(f"{file}: line {each.line}: {each.said['url']} is in {settings.feeds} already; left out")
            continue
        urls.add(canonical(each.said["url"]))
        wanted.append(_with_free_name(each, names))
    if wanted and not dry_run:
        add_feeds(settings.feeds, wanted, os.environ)
    would = "would add" if dry_run else "added"
    left = len(found.outlines) + len(found.faults) - len(wanted)
    click.echo(f"{settings.feeds}: {would} {len(wanted)} feeds, left out {left}")


@click.command()
@click.option("--output", type=click.Path(path_type=Path), help="A file.  [default: standard output]")
@click.pass_obj
def export(settings: Settings, output: Path | None) -> None:
    """Writes the feeds as OPML 2.0, for other readers; headers, which may be secret, are left out.

    \b
    aggregator feeds export > subscriptions.opml
    """
    document = render_opml(load_config(settings.feeds, os.environ).feeds, f"{settings.feeds.name}")
    if output is None:
        click.echo(document.decode(), nl=False)
        return
    try:
        output.write_bytes(document)
    except OSError as fault:
        raise AggregatorError(f"{output}: cannot be written: {fault.strerror}") from fault


def _check(url: str, *, allow_private: bool) -> None:
    try:
        try_feed(unlisted_feed(url), allow_private=allow_private)
    except NoFeedError as fault:
        click.echo(offered(fault))
        raise AggregatorError(f"{fault}; add one of these") from None
    except AggregatorError as fault:
        raise AggregatorError(f"{url}: {fault}; --unchecked adds it all the same") from None


def _plain(value: Any) -> Any:  # noqa: ANN401 (click's)
    return list(value) if isinstance(value, tuple) else value


def _read(file: Path) -> bytes:
    try:
        if str(file) == "-":
            return sys.stdin.buffer.read(LARGEST + 1)
        with file.open("rb") as stream:
            return stream.read(LARGEST + 1)
    except OSError as fault:
        raise ParseError(f"{file}: cannot be read: {fault.strerror}") from None


def _with_free_name(outline: Outline, names: set[str]) -> dict[str, Any]:
    """What the outline says; a name that is taken is left to be made from the URL."""
    said = dict(outline.said)
    if said.get("name") in names:
        del said["name"]
    names.update(filter(None, [said.get("name")]))
    return said


def _tell(line: str) -> None:
    click.echo(safe_line(line), err=True)
