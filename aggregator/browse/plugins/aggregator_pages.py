# ruff: noqa: INP001 (Datasette loads each file of this folder by itself)
"""Lets plain Datasette find the plugin: ``datasette NAME.db --plugins-dir …/aggregator/browse/plugins``."""

from datasette.plugins import pm

import aggregator.browse

if not pm.is_registered(aggregator.browse):
    pm.register(aggregator.browse)
