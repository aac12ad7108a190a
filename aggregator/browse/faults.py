"""What a browser is told when something goes wrong: one sentence, never a traceback."""

from __future__ import annotations

import logging
import sqlite3
from typing import TYPE_CHECKING

from datasette.database import QueryInterrupted
from datasette.utils.asgi import Base400, Response
from datasette.views.base import DatasetteError

from aggregator.errors import AggregatorError, UsageError

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

log = logging.getLogger("aggregator")

_TOO_LONG = "The question took too long and was given up; ask for less, or add a filter."


async def answer_fault(datasette: Datasette, request: Request, fault: Exception) -> Response:
    """The page, or the JSON, of a fault; one that nobody foresaw is logged with its traceback."""
    status, said = in_words(fault)
    if status == 500:
        log.error("%s: internal error", request.path, exc_info=fault)
    if request.path.endswith(".json"):
        return Response.json({"ok": False, "error": said, "status": status}, status=status)
    title = getattr(fault, "title", None) or {404: "Not found"}.get(status)
    context = {"status": status, "error": said, "title": title}
    return Response.html(await datasette.render_template("error.html", context, request), status=status)


def in_words(fault: Exception) -> tuple[int, str]:
    """The HTTP status of a fault and one sentence about it."""
    if isinstance(fault, QueryInterrupted) or "interrupted" in str(getattr(fault, "message", fault)):
        return 400, _TOO_LONG
    if isinstance(fault, Base400 | DatasetteError):
        return fault.status, str(getattr(fault, "message", None) or fault)
    if isinstance(fault, AggregatorError):
        return 400 if isinstance(fault, UsageError) else 503, str(fault)
    if isinstance(fault, sqlite3.DatabaseError):
        return 400, f"SQLite: {fault}"
    return 500, "Something went wrong here; the log of the server says what."
