"""The option ``--engine`` of the commands that read many pages."""

from __future__ import annotations

import logging
import sys

import click

ENGINE = click.option(
    "--engine",
    envvar="AGGREGATOR_ENGINE",
    metavar="ENGINE",
    default="processes:2",
    show_default=True,
    help="Where pages are read: processes[:N], threads[:N], or dask://HOST:PORT.",
)


def start_telling() -> None:
    """What engines have to say goes to stderr, a line each: where the dashboard is, which job was late.

    Of the others only warnings do.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("aggregator: %(message)s"))
    log = logging.getLogger("aggregator")
    log.handlers = [handler]
    log.setLevel(logging.WARNING)
    logging.getLogger("aggregator.engines").setLevel(logging.INFO)
