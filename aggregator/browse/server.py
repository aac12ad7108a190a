"""Opens Datasette on a database and serves it.

The socket is bound before anything else, so that a taken port is one clear line.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import uvicorn
from datasette.app import Datasette
from datasette.plugins import pm

import aggregator.browse
from aggregator.browse.safety import for_hosts
from aggregator.errors import AggregatorError, StoreError
from aggregator.query import open_read_only

if TYPE_CHECKING:
    from pathlib import Path

_SETTINGS = {
    "allow_download": False,
    "default_allow_sql": True,
    "default_page_size": 50,
    # A facet suggestion scans the table once for each column.
    "suggest_facets": False,
    "sql_time_limit_ms": 3_000,
    # Of a million articles a facet on an indexed column takes 60 ms of CPU, on a busy machine 0.4 s.
    "facet_time_limit_ms": 1_000,
    "max_returned_rows": 1_000,
    "max_csv_mb": 100,
    # Characters of a body in a table's cell; the article's own page has all of it.
    "truncate_cells_html": 160,
}
#: Datasette's own answer to faults prints each, with all local variables, to the terminal.
_TALKATIVE = "datasette.handle_exception"
_LOOPBACK = frozenset(["localhost", "127.0.0.1", "[::1]"])
_EVERYWHERE = frozenset(["0.0.0.0", "::", ""])  # noqa: S104 (compared with, never bound to unasked)


def open_datasette(path: Path) -> Datasette:
    """Datasette on that database, read-only and mutable, with our plugin.

    Raises:
        StoreError: there is no database of ours, or it is not of this version.
    """
    open_read_only(path).close()
    if any(sign in str(path) for sign in "?#%"):
        raise StoreError(f"{path}: cannot be browsed under a name with '?', '#' or '%'; rename it")
    if not pm.is_registered(aggregator.browse):
        pm.register(aggregator.browse)
    if pm.get_plugin(_TALKATIVE):
        pm.unregister(name=_TALKATIVE)
    return Datasette([str(path)], settings=_SETTINGS)


def bind(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        AggregatorError: the port is taken or the address is not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as fault:
        reason = getattr(fault, "strerror", None) or fault
        raise AggregatorError(
            f"cannot listen on {host} port {port}: {reason}; choose another with --port"
        ) from None


def serve(datasette: Datasette, host: str, bound: socket.socket, *, debug: bool) -> None:
    """Serves until SIGINT or SIGTERM."""
    app: Any = datasette.app()
    if host not in _EVERYWHERE:
        app = for_hosts(app, _LOOPBACK | {f"[{host}]" if ":" in host else host.lower()})
    level = "info" if debug else "warning"
    config = uvicorn.Config(app, log_level=level, access_log=debug, server_header=False, lifespan="on")
    uvicorn.Server(config).run(sockets=[bound])
