"""The wire desk: dateline, byline, agency, marks, credits and quotes out of an article's text. Pure.

``read_wire`` reads an article as it was extracted; ``read_copy`` one piece of plain-text copy.
"""

from aggregator.wire.desk import read_copy, read_wire

__all__ = ["read_copy", "read_wire"]
