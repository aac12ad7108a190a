"""WARC files (ISO 28500): ``reading`` and ``writing`` do the format, ``intake`` stores what one holds."""
