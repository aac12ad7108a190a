"""The Datasette side: a plugin (this package) with its metadata, and the server of ``aggregator browse``.

The hooks below are all that Datasette sees. They describe any database that has our tables, whatever its
name, so that plain ``datasette NAME.db --plugins-dir aggregator/browse/plugins`` shows the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import datasette.filters
from datasette import hookimpl
from datasette.plugins import pm

from aggregator.browse.faults import answer_fault
from aggregator.browse.held import INNER, OurDatabase, guard_free_sql
from aggregator.browse.metadata import describe
from aggregator.browse.questions import draw_chart, load_questions
from aggregator.browse.safety import with_safe_headers
from aggregator.browse.shown import FILTERS, cell
from aggregator.browse.tables import held_filters, search_filters, where_filters
from aggregator.browse.views import KEPT, ROUTES, our_database

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from datasette.app import Datasette
    from datasette.utils.asgi import Request, Response
    from jinja2 import Environment

#: Datasette's plugin that reads filters of tables from addresses.
_THEIR_FILTERS = "datasette.filters"
#: A database that has these is one of ours.
_OUR_TABLES = frozenset(["articles", "stories", "versions", "feeds"])


@hookimpl
def startup(datasette: Datasette) -> Callable[[], Any]:
    """Finds out which databases are ours and describes them."""

    async def find() -> None:
        ours = [
            name
            for name, database in datasette.databases.items()
            if set(await database.table_names()) >= _OUR_TABLES
        ]
        setattr(datasette, KEPT, describe(ours))
        for name in ours:
            plain = datasette.databases[name]
            datasette.remove_database(name)
            ours_too = OurDatabase(datasette, path=plain.path, is_mutable=plain.is_mutable)
            datasette.add_database(ours_too, name=name)
        guard_free_sql(datasette, frozenset(question["sql"] for question in load_questions().values()))

    return find


@hookimpl
def get_metadata(datasette: Datasette) -> dict[str, Any]:
    """Titles, descriptions, facets and sort orders; local metadata (``-m``) goes before."""
    return getattr(datasette, KEPT, {})


@hookimpl
def canned_queries(datasette: Datasette, database: str) -> dict[str, dict[str, Any]]:
    """The project's questions, on our databases only."""
    ours = getattr(datasette, KEPT, {}).get("databases", {})
    return load_questions() if database in ours else {}


@hookimpl
def permission_allowed(action: str, resource: Any) -> bool | None:  # noqa: ANN401 (a name, or names)
    """Nobody sees the inner tables of search indexes."""
    return False if action == "view-table" and INNER.fullmatch(resource[1]) else None


@hookimpl
def register_routes() -> list[tuple[str, Callable[..., Any]]]:
    """Our pages."""
    return ROUTES


@hookimpl
def prepare_jinja2_environment(env: Environment) -> None:
    """How our pages write times, counts and links; the charts of questions."""
    env.filters.update(FILTERS)
    env.globals["draw_chart"] = draw_chart


@hookimpl
def menu_links(datasette: Datasette) -> list[dict[str, str]]:
    """From Datasette's pages back to ours."""
    if our_database(datasette) is None:
        return []
    pages = (("/", "All news"), ("/-/feeds", "Feeds"), ("/-/map", "Map"), ("/-/charts", "Charts"))
    return [{"href": datasette.urls.path(path), "label": label} for path, label in pages]


@hookimpl
def extra_css_urls(datasette: Datasette) -> list[str]:
    """A sheet for Datasette's own pages."""
    return [datasette.urls.static_plugins("aggregator.browse", "tables.css")]


@hookimpl
def render_cell(datasette: Datasette, value: object, column: str, table: str | None, row: Any) -> Any:  # noqa: ANN401 (sqlite3.Row; Markup)
    """Times readable, long texts folded, headlines as links to our pages."""
    return cell(lambda path: str(datasette.urls.path(path)), table, column, value, row)


if pm.get_plugin(_THEIR_FILTERS):
    # One of its three filters is kept as it is; search and _where of our own tables are ours.
    pm.unregister(name=_THEIR_FILTERS)
through_filters = datasette.filters.through_filters


@hookimpl(specname="filters_from_request")
def where(request: Request, database: str, datasette: Datasette) -> Any:  # noqa: ANN401 (awaitable)
    """The SQL within the SQL of a table."""
    return where_filters(request, database, datasette)


@hookimpl(specname="filters_from_request")
def search(request: Request, database: str, table: str, datasette: Datasette) -> Any:  # noqa: ANN401 (awaitable)
    """What the search box of a table asks for."""
    return search_filters(request, database, table, datasette)


@hookimpl(specname="filters_from_request")
def held(database: str, table: str, datasette: Datasette) -> Any:  # noqa: ANN401 (awaitable)
    """What must not be shown now."""
    return held_filters(database, table, datasette)


@hookimpl
def handle_exception(
    datasette: Datasette, request: Request, exception: Exception
) -> Callable[[], Awaitable[Response]]:
    """Faults in words."""
    return lambda: answer_fault(datasette, request, exception)


@hookimpl
def asgi_wrapper(datasette: Datasette) -> Callable[[Any], Any]:  # noqa: ARG001 (the hook's name for it)
    """Every answer carries headers that keep stored markup inert."""
    return with_safe_headers
