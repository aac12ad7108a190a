"""One round of the feed reader `reader` (https://github.com/lemon24/reader), run with a Python that has it.

``python peer_reader.py DB URLS [WORKERS]``: URLS is a file with a URL a line. Prints the library's version.
"""

import sys
from pathlib import Path

import reader  # type: ignore[import-not-found, unused-ignore]

store = reader.make_reader(sys.argv[1])
for url in Path(sys.argv[2]).read_text("utf8").splitlines():
    store.add_feed(url, exist_ok=True)
store.update_feeds(scheduled=False, workers=int(sys.argv[3]) if sys.argv[3:] else 1)
print(reader.__version__)
