"""Datasette's table pages, as our tables need them: a bounded search, and nothing that is held."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import datasette.filters
from datasette.filters import FilterArguments
from datasette.utils.asgi import Response
from datasette.views.base import DatasetteError
from datasette.views.row import RowView

from aggregator.browse.held import OurDatabase, anything_held, conditions, refuse_inner
from aggregator.query.words import read_words

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from datasette.app import Datasette
    from datasette.utils.asgi import Request

#: Matches that a table's search looks at, the newest. Datasette sorts and counts all of them and looks at
#: each for each facet: 50,000 matches took 0.4 s of CPU, 2,000 take 0.1.
MOST_MATCHES = 2_000
_INDEX = "articles_fts"
_NEWEST = f"""id IN (
    SELECT rowid FROM {_INDEX} WHERE {_INDEX} MATCH :{{name}} ORDER BY rowid DESC LIMIT {MOST_MATCHES}
)"""  # noqa: S608 (our own words)
_COLUMNS = ("headline", "deck", "body", "place", "byline")
_NOTHING = '""'


def search_filters(request: Request, database: str, table: str, datasette: Datasette) -> Any:  # noqa: ANN401 (something to await, ours or Datasette's)
    """``?_search=`` and ``?_search_COLUMN=``: of articles by our own index, else as Datasette does it."""
    if table != "articles" or not isinstance(datasette.databases.get(database), OurDatabase):
        return _theirs(request, database, table, datasette)

    async def ours() -> FilterArguments:
        asked = {
            key: words for key in request.args if (words := request.args[key]) and key.startswith("_search")
        }
        clauses, values, said = [], {}, []
        for at, (key, words) in enumerate(item for item in asked.items() if item[0] != "_searchmode"):
            column = key.removeprefix("_search").removeprefix("_")
            values[f"search_{at}"] = _match(words, column)
            clauses.append(_NEWEST.format(name=f"search_{at}"))
            said.append(f'{column or "search"} matches "{words}" (of these the newest {MOST_MATCHES:,})')
        context = {"supports_search": True} | ({"search": asked["_search"]} if "_search" in asked else {})
        return FilterArguments(clauses, values, said, context)

    return ours


def _theirs(request: Request, database: str, table: str, server: Datasette) -> Any:  # noqa: ANN401 (Datasette's)
    return datasette.filters.search_filters(request, database, table, server)


def _match(words: str, column: str) -> str:
    """The FTS5 expression of what was typed; odd characters are text, an unknown column holds nothing."""
    match = read_words(words).match or _NOTHING
    if not column:
        return match
    return f"{column} : ({match})" if column in _COLUMNS else _NOTHING


def where_filters(request: Request, database: str, datasette: Datasette) -> Any:  # noqa: ANN401 (Datasette's)
    """``?_where=``: SQL within the SQL of a table; closed while something is held, which it could ask for."""
    theirs = _their_where(request, database, datasette)

    async def guarded() -> FilterArguments | None:
        said = request.args.getlist("_where") if "_where" in request.args else []
        found = datasette.databases.get(database)
        if said and isinstance(found, OurDatabase):
            refuse_inner(" ".join(said))
            if await anything_held(found):
                raise DatasetteError(
                    "While copy is held back, _where= is closed; ask SQL instead.", status=403
                )
        filters: FilterArguments | None = await theirs()
        return filters

    return guarded


def _their_where(request: Request, database: str, server: Datasette) -> Any:  # noqa: ANN401 (Datasette's)
    return datasette.filters.where_filters(request, database, server)


def held_filters(
    database: str, table: str, datasette: Datasette
) -> Callable[[], Awaitable[FilterArguments | None]]:
    """Leaves out the rows that speak of held copy, while there is any."""

    async def leave_out() -> FilterArguments | None:
        found = datasette.databases.get(database)
        if not isinstance(found, OurDatabase):
            return None
        tests = conditions(table, await found.table_columns(table))
        return FilterArguments(tests) if tests and await anything_held(found) else None

    return leave_out


async def row(datasette: Datasette, request: Request) -> Response:
    """A row's page; while something is held, the table with that row alone, which leaves out what is held."""
    database = datasette.databases.get(request.url_vars["database"])
    table = request.url_vars["table"]
    if isinstance(database, OurDatabase):
        tests = conditions(table, await database.table_columns(table))
        if tests and await anything_held(database):
            form = request.url_vars.get("format")
            address = datasette.urls.table(database.name, table, format=form if form == "json" else None)
            values = request.url_vars["pks"].split(",")
            keys = zip(await database.primary_keys(table), values, strict=False)
            return Response.redirect(f"{address}?{urlencode(list(keys))}")
    return await RowView(datasette).get(request)
