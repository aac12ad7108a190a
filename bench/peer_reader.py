"""One round of the feed reader `reader` (https://github.com/lemon24/reader), run with a Python that has it.

``python peer_reader.py DB URLS``: URLS is a file with a URL a line. Prints the version of the library.
"""

import sys
from pathlib import Path

import reader  # type: ignore[import-not-found, unused-ignore]

store = reader.make_reader(sys.argv[1])
for url in Path(sys.argv[2]).read_text("utf8").splitlines():
    store.add_feed(url, exist_ok=True)
store.update_feeds(scheduled=False)
print(reader.__version__)
