"""The demo: a small wire of our own sample copy, served on loopback and polled like any other.

``script`` reads what happens when (pure), ``paper`` prints it as feeds and pages (pure), ``wire`` serves it,
and ``aggregator.cli.demo`` plays it. The copy itself is data: ``aggregator/data/demo``.
"""

from __future__ import annotations

from aggregator.demo.wire import DemoWire

__all__ = ["DemoWire"]
