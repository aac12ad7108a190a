"""Our pages: a request in, a page out. What they show is read in ``screens`` and ``health``."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from datasette.utils import sqlite_timelimit
from datasette.utils.asgi import BadRequest, NotFound, Response
from datasette.views.index import IndexView

from aggregator import query
from aggregator.browse.asked import PERIODS, read_asked, read_period
from aggregator.browse.charts import bars, outline, stacked, timeline
from aggregator.browse.datelines import MOST_COUNTED, read_datelines
from aggregator.browse.health import read_feeds
from aggregator.browse.safety import OUR_POLICY
from aggregator.browse.screens import read_article, read_choices, read_news, read_story
from aggregator.browse.tables import row
from aggregator.browse.volume import read_hours, read_volume
from aggregator.query.filter import ArticleRow
from aggregator.render.feeds import render_atom, render_jsonfeed
from aggregator.render.listing import Listing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from datasette.app import Datasette
    from datasette.utils.asgi import Request

#: Where a Datasette keeps what ``startup`` found out about it.
KEPT = "_aggregator_metadata"
_CHART_HEIGHT = 120
_COLUMNS_HEIGHT = 240
_SPARK_HEIGHT = 100
_MOST_FIELDS = 50
#: Articles in a feed of a search.
_FEED_SIZE = 50
_FEEDS = {
    "atom": (render_atom, "application/atom+xml; charset=utf-8"),
    "json": (render_jsonfeed, "application/feed+json"),
}


def our_database(datasette: Datasette) -> str | None:
    """The name of the first database that has our tables."""
    return next(iter(getattr(datasette, KEPT, {}).get("databases", {})), None)


async def news(datasette: Datasette, request: Request) -> Response:
    """All news, newest first; Datasette's own index where no database is ours, and as JSON."""
    if our_database(datasette) is None or request.url_vars.get("format"):
        return await IndexView(datasette).get(request)
    return await _news_page(datasette, request, about=None)


async def news_about(datasette: Datasette, request: Request) -> Response:
    """The news of one outlet, agency or place."""
    about = (request.url_vars["kind"], unquote(request.url_vars["name"]))
    return await _news_page(datasette, request, about)


async def _news_page(datasette: Datasette, request: Request, about: tuple[str, str] | None) -> Response:
    now = _now()
    asked = read_asked(_args(request), now, **dict([about] if about else []))

    def read(conn: sqlite3.Connection) -> dict[str, Any]:
        return {
            "news": read_news(conn, asked.filter),
            "choices": read_choices(conn),
            "hours": bars(read_hours(conn, now, about), _CHART_HEIGHT),
        }

    context = await _read(datasette, read)
    context |= {"asked": asked, "about": about, "path": request.path, "live": asked.page == 1}
    context["feed_links"] = {
        title: asked.address(datasette.urls.path(f"/-/news.{form}"), **dict([about] if about else []))
        for title, form in (("Atom", "atom"), ("JSON Feed", "json"))
    }
    name = "desk-lines.html" if "_lines" in request.args else "desk-news.html"
    return await _page(datasette, request, name, context)


async def news_feed(datasette: Datasette, request: Request) -> Response:
    """Any search as a feed: Atom or JSON Feed, of articles."""
    asked = read_asked(_args(request), _now())
    question = _of_articles(asked.filter)
    rows = await _read(datasette, lambda conn: list(query.articles(conn, question)))
    title = " ".join(value for _, value in asked.said) or "All news"
    base = datasette.absolute_url(request, "/")
    links = (datasette.absolute_url(request, request.full_path), asked.address(base))
    render, content_type = _FEEDS[request.url_vars["format"]]
    body = "".join(render(Listing(rows, ArticleRow, (), title, _now(), links=links)))
    return Response(body, content_type=content_type)


def _of_articles(question: query.Filter) -> query.Filter:
    return replace(question, stories=False, limit=_FEED_SIZE, offset=0)


async def story(datasette: Datasette, request: Request) -> Response:
    """One story: its text, versions, copies, quotes and why they were joined."""
    found = await _read(datasette, lambda conn: read_story(conn, int(request.url_vars["id"])))
    if found is None:
        raise NotFound("There is no such story.")
    context = {"screen": found, "points": timeline(found.events)}
    return await _page(datasette, request, "desk-story.html", context)


async def article(datasette: Datasette, request: Request) -> Response:
    """One article: its text, what is known of it, its versions."""
    found = await _read(datasette, lambda conn: read_article(conn, int(request.url_vars["id"])))
    if found is None:
        raise NotFound("There is no such article.")
    return await _page(datasette, request, "desk-article.html", {"screen": found})


async def feeds(datasette: Datasette, request: Request) -> Response:
    """How the feeds are doing."""
    found = await _read(datasette, lambda conn: read_feeds(conn, _now()))
    lines = [(line, outline(line.days, _SPARK_HEIGHT)) for line in found]
    return await _page(datasette, request, "desk-feeds.html", {"lines": lines})


async def charts(datasette: Datasette, request: Request) -> Response:
    """How much was published in a period, by time, agency and language."""
    period = read_period(_args(request))
    found = await _read(datasette, lambda conn: read_volume(conn, _now(), period))
    layers = stacked(found.agencies_by_step, found.steps, _COLUMNS_HEIGHT)
    context = {"volume": found, "layers": layers, "period": period, "periods": PERIODS}
    return await _page(datasette, request, "desk-charts.html", context)


async def datelines(datasette: Datasette, request: Request) -> Response:
    """The map of where the stories of a period come from."""
    period, now = read_period(_args(request)), _now()
    found = await _read(datasette, lambda conn: read_datelines(conn, now - period.length, now))
    context = {"map": found, "most_counted": MOST_COUNTED, "period": period, "periods": PERIODS}
    return await _page(datasette, request, "desk-map.html", context)


ROUTES = [
    (r"/(\.(?P<format>jsono?))?$", news),
    (r"/-/news\.(?P<format>atom|json)$", news_feed),
    (r"/-/(?P<kind>outlet|agency|place)/(?P<name>[^/]+)$", news_about),
    (r"/-/story/(?P<id>[0-9]{1,18})$", story),
    (r"/-/article/(?P<id>[0-9]{1,18})$", article),
    (r"/-/feeds$", feeds),
    (r"/-/charts$", charts),
    (r"/-/map$", datelines),
    (r"/(?P<database>[^/.]+)/(?P<table>[^/.]+)/(?P<pks>[0-9,]+)(\.(?P<format>\w+))?$", row),
]


async def _read(datasette: Datasette, read: Callable[[sqlite3.Connection], Any]) -> Any:  # noqa: ANN401 (what it reads)
    """What a function reads from our database, within Datasette's time limit.

    Raises:
        NotFound: no database here is ours.
    """
    name = our_database(datasette)
    if name is None:
        raise NotFound("No database here was made by aggregator.")

    def limited(conn: sqlite3.Connection) -> Any:  # noqa: ANN401 (what it reads)
        with sqlite_timelimit(conn, datasette.setting("sql_time_limit_ms")):
            return read(conn)

    return await datasette.get_database(name).execute_fn(limited)


async def _page(datasette: Datasette, request: Request, template: str, context: dict[str, Any]) -> Response:
    context |= {"database": our_database(datasette), "now": _now()}
    body = await datasette.render_template(template, context, request)
    return Response.html(body, headers={"content-security-policy": OUR_POLICY})


def _args(request: Request) -> dict[str, list[str]]:
    try:
        return parse_qs(request.query_string, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise BadRequest("The address says more than a question can.") from None


def _now() -> datetime:
    return datetime.now(UTC)
