"""``query``, ``show`` and ``stats``: questions to the database, which is opened read-only."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aggregator import query as asked
from aggregator.errors import AggregatorError, UsageError
from aggregator.query.filter import ArticleRow, Filter, Sort, StoryRow
from aggregator.render import RENDERERS, Listing, read_columns

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from typing import TextIO

    from aggregator.cli import Settings
    from aggregator.render.counted import Counted
    from aggregator.render.page import Page

_RELATIONS = ("original", "update", "correction", "repeat", "copy", "kill")
_STATUSES = ("usable", "withheld", "canceled")
_TIME_OPTIONS = {
    "since": "Published at or after.",
    "until": "Published at or before.",
    "seen_since": "First seen at or after.",
    "as_of": "What was known at that time.",
}


def _filters(command: Callable[..., None]) -> Callable[..., None]:
    """The options that narrow a question; several values of one mean any of them."""
    many: tuple[tuple[str, Any, str], ...] = (
        ("feed", str, "Shown by this feed."),
        ("agency", str, "Written by this agency."),
        ("outlet", str, "Published by this host."),
        ("place", str, "Whose dateline begins so."),
        ("section", str, "In this section."),
        ("lang", str, "In this language, such as en."),
        ("tag", str, "With this keyword."),
        ("status", click.Choice(_STATUSES), "Canceled articles are left out unless asked for."),
        ("relation", click.Choice(_RELATIONS), "What the text is to what came before."),
        ("story", int, "Of the story with this id."),
    )
    for name, help_text in reversed(_TIME_OPTIONS.items()):
        command = click.option(f"--{name.replace('_', '-')}", metavar="TIME", help=help_text)(command)
    for name, kind, help_text in reversed(many):
        command = click.option(f"--{name}", type=kind, multiple=True, help=help_text)(command)
    return command


def _formats(command: Callable[..., None]) -> Callable[..., None]:
    """``--format`` and its short forms."""
    for name in reversed(RENDERERS):
        command = click.option(f"--{name}", "format_", flag_value=name, hidden=True)(command)
    return click.option(
        "--format",
        "format_",
        type=click.Choice(tuple(RENDERERS)),
        help="Short forms: --json, --csv and so on.  [default: table on a terminal, else tsv]",
    )(command)


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})
@click.argument("words", nargs=-1)
@_filters
@click.option("--stories", is_flag=True, help="One row a story.")
@click.option("--all-versions", is_flag=True, help="Search superseded texts too.")
@click.option(
    "--sort", type=click.Choice([each.value for each in Sort]), default="published", show_default=True
)
@click.option("--limit", type=click.IntRange(min=0), default=20, show_default=True, help="0: all.")
@click.option("--offset", type=click.IntRange(min=0), default=0)
@click.option("--count", is_flag=True, help="Only how many there are.")
@click.option("--fields", metavar="A,B,C", help="Which columns.")
@_formats
@click.pass_obj
def query(settings: Settings, /, words: tuple[str, ...], format_: str | None, **given: Any) -> None:  # noqa: ANN401 (click's)
    """Articles, newest first.

    All WORDS must occur. "exact phrase", pref*, -without, a OR b; headline:, body:, place: look in one field.
    Times are 2017-10-19, 2017-10-19T15:04Z, 90m, 36h, 7d, today, yesterday.

    \b
    aggregator query storm harbour --since 7d
    aggregator query '"storm warning" -ferry' --place oslo --format json
    aggregator query --relation correction --relation kill --since today
    aggregator query --stories --agency tass --limit 5
    """
    if words == ("-h",):  # the one letter that is an option, where all others exclude a word
        click.echo(click.get_current_context().get_help())
        return
    question = _question(words, given)
    with closing(asked.open_read_only(settings.db)) as conn:
        if given["count"]:
            click.echo(str(asked.count(conn, question)))
            return
        listing = _listing(conn, question, given["fields"])
        for text in RENDERERS[format_ or _default_format()](listing):
            click.echo(text, nl=False)


@click.command()
@click.argument("id_", metavar="ID", type=int)
@click.option(
    "--diff", is_flag=False, flag_value="", metavar="[N..M]", help="What one version changed in another."
)
@click.option("--as-of", metavar="TIME", help="What was known at that time.")
@click.option("--json", "form", flag_value="json", help="Everything known, as JSON.")
@click.option("--html", "form", flag_value="html", help="A page that runs and loads nothing.")
@click.option("--split", is_flag=True, help="Take the article out of its story, for good.")
@click.pass_obj
def show(
    settings: Settings, id_: int, diff: str | None, as_of: str | None, form: str | None, *, split: bool
) -> None:
    """One article or story: text, versions, copies and why they were joined.

    \b
    aggregator show 1509367845000
    aggregator show 1509367845000 --diff
    aggregator show 1509367845000 --diff 1..3
    aggregator show 1509367845000 --as-of 2017-10-30T13:00Z
    aggregator show 1509367845000 --split
    """
    if split:
        click.echo(_split(settings.db, id_))
        return
    from aggregator.render.page import page_html, page_json, page_text  # noqa: PLC0415 (query starts without it)

    with closing(asked.open_read_only(settings.db)) as conn:
        page = _page(conn, id_)
        if as_of is not None:
            page = _page_then(conn, page, asked.parse_time(as_of, datetime.now(UTC), end=True))
    if diff is not None:
        click.echo(_difference(page, diff))
    elif form == "json":
        click.echo(page_json(page), nl=False)
    else:
        click.echo(page_html(page) if form == "html" else page_text(page, _width()), nl=False)


@click.command()
@click.option("--since", metavar="TIME", default="14d", show_default=True, help="Where the timeline begins.")
@click.option("--by", type=click.Choice(["agency", "feed"]), default="agency", show_default=True)
@click.option("--chart", type=click.Path(path_type=Path), metavar="FILE", help="Drawn too, as .svg or .png.")
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
@click.pass_obj
def stats(settings: Settings, since: str, by: str, chart: Path | None, *, as_json: bool) -> None:
    """Counts of what is stored, and articles by day and agency or feed.

    \b
    aggregator stats
    aggregator stats --since 30d --by feed
    aggregator stats --since 2026-01-01 --chart year.svg
    """
    from aggregator.query import counts  # noqa: PLC0415 (query starts without it)
    from aggregator.render.counted import Counted, counted_json, counted_text  # noqa: PLC0415

    start = asked.parse_time(since, datetime.now(UTC))
    with closing(asked.open_read_only(settings.db)) as conn:
        found = Counted(
            counts.totals(conn), counts.agencies(conn), counts.days(conn, start, by_feed=by == "feed"), by
        )
    if chart is not None:
        _draw(chart, found)
    click.echo(counted_json(found) if as_json else counted_text(found, _width()), nl=False)


def _question(words: tuple[str, ...], given: dict[str, Any]) -> Filter:
    for word in words:
        if word.startswith("--"):
            raise UsageError(f"there is no option {word}; `aggregator query --help` lists them")
    now = datetime.now(UTC)
    times: dict[str, Any] = {
        name: asked.parse_time(given[name], now, end=name in ("until", "as_of"))
        for name in _TIME_OPTIONS
        if given[name] is not None
    }
    same = ("feed", "place", "section", "tag", "status", "relation", "story")
    flags = ("all_versions", "stories", "limit", "offset")
    return Filter(
        words=" ".join(words),
        agency=tuple(each.lower() for each in given["agency"]),
        outlet=tuple(each.lower().removeprefix("www.") for each in given["outlet"]),
        lang=tuple(each.lower() for each in given["lang"]),
        sort=Sort(given["sort"]),
        **{name: given[name] for name in same + flags},
        **times,
    )


def _listing(conn: sqlite3.Connection, question: Filter, columns: str | None) -> Listing:
    kind: type[ArticleRow | StoryRow] = StoryRow if question.stories else ArticleRow
    return Listing(
        rows=asked.stories(conn, question) if question.stories else asked.articles(conn, question),
        kind=kind,
        columns=read_columns(columns, kind),
        title=_title(question),
        now=datetime.now(UTC),
        width=_width(),
        color=_colored(sys.stdout),
        sizes=lambda ids: asked.story_sizes(conn, ids),
    )


def _title(question: Filter) -> str:
    """What was asked, in one line."""
    names = ("feed", "agency", "outlet", "place", "section", "lang", "tag", "status", "relation", "story")
    filters = [f"{name}:{each}" for name in names for each in getattr(question, name)]
    kind = ["stories"] if question.stories else []
    return " ".join(["aggregator:", *(filter(None, [question.words])), *filters, *kind]).removesuffix(":")


def _page(conn: sqlite3.Connection, id_: int) -> Page:
    """The article of that id, or the first one of the story of that id."""
    from aggregator.render.page import Page  # noqa: PLC0415 (query starts without it)

    found = asked.article(conn, id_)
    story = asked.story(conn, found.story_id if found else id_)
    if found is None and story is not None:
        found = asked.article(conn, story.first_article_id)
    if found is None:
        raise AggregatorError(
            f"there is no article or story {id_}; `aggregator query --format ids` lists ids"
        )
    return Page(
        article=found,
        story=story,
        versions=asked.versions(conn, found.id),
        others=asked.copies(conn, found),
        joins=asked.joins(conn, found.story_id),
        quotes=asked.quotes(conn, found.id),
        tags=asked.tags(conn, found.id),
    )


def _page_then(conn: sqlite3.Connection, page: Page, as_of: datetime) -> Page:
    """The page as it would have been at that time."""
    from aggregator.query import then  # noqa: PLC0415 (query starts without it)

    moment = as_of.strftime("%Y-%m-%dT%H:%M:%SZ")
    found = then.article_then(conn, page.article, moment)
    if found is None:
        raise AggregatorError(f"article {page.article.id} was not known before {page.article.first_seen_at}")
    silent = found.status != "usable"
    others = then.others_then(conn, page.article, page.joins, moment)
    return replace(
        page,
        article=found,
        story=then.story_then(page.story, [found, *others], moment) if page.story else None,
        versions=() if silent else then.versions_then(conn, found.id, moment),
        others=others,
        joins=then.joins_then(page.joins, moment),
        quotes=() if silent else asked.quotes(conn, found.id, found.versions),
        tags=() if silent else page.tags,
    )


def _split(db: Path, article_id: int) -> str:
    """Takes an article out of its story, and says so."""
    from aggregator.store import Store, splits  # noqa: PLC0415 (asking opens the file read-only)

    asked.open_read_only(db).close()  # a wrong name makes no new file
    with Store(db) as store, store.transaction() as conn:
        story, others = splits.split_article(conn, article_id, datetime.now(UTC))
    rest = "article" if others == 1 else "articles"
    return f"article {story} has a story of its own now; no rule joins it to the {others} other {rest} again"


def _difference(page: Page, between: str) -> str:
    from aggregator.diff import diff_words  # noqa: PLC0415 (query starts without it)
    from aggregator.render.page import changes_text, tombstone  # noqa: PLC0415

    if page.silent:
        return tombstone(page.article)
    first, last = _versions_meant(between, len(page.versions))
    texts = {
        each.number: "\n\n".join(filter(None, [each.headline, each.deck, each.body]))
        for each in page.versions
    }
    changes = diff_words(texts[first], texts[last])
    return f"version {first} → {last}\n\n{changes_text(changes, color=_colored(sys.stdout))}"


def _versions_meant(between: str, newest: int) -> tuple[int, int]:
    """The two versions of ``N..M``; nothing means the last two, ``N`` what N changed."""
    if newest < 2:
        raise AggregatorError("there is only one version of it: nothing to compare")
    first, _, last = between.partition("..")
    try:
        end = int(last or first or newest)
        start = int(first) if last else end - 1
    except ValueError:
        raise UsageError(f"--diff {between}: write two version numbers, such as 1..2") from None
    if not (1 <= start <= newest and 1 <= end <= newest):
        raise UsageError(f"--diff {between}: there are versions 1 to {newest}")
    return start, end


def _draw(file: Path, found: Counted) -> None:
    from aggregator.render.chart import chart_png, chart_svg  # noqa: PLC0415 (query starts without it)

    draw = {".svg": chart_svg, ".png": chart_png}.get(file.suffix.lower())
    if draw is None:
        raise UsageError(f"--chart {file}: write a name that ends in .svg or .png")
    try:
        file.write_bytes(draw(found.days, f"Articles by day and {found.by}"))
    except OSError as fault:
        raise AggregatorError(f"--chart {file}: cannot be written: {fault.strerror}") from fault


def _default_format() -> str:
    return "table" if sys.stdout.isatty() else "tsv"


def _width() -> int:
    return shutil.get_terminal_size().columns


def _colored(stream: TextIO) -> bool:
    """Whether colours may be used (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
