"""What the pipeline asks of SQLite and writes to it; the callers' transactions, one writer at a time.

``database`` opens and migrates; ``feeds`` keeps feeds, polls and entries; ``articles`` keeps articles,
versions and stories; ``rows`` turns rows into records and back.
"""

from __future__ import annotations

from aggregator.store.database import Store

__all__ = ["Store"]
