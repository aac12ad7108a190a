"""Page bytes and what the feed said → an article, the best of its evidence. Pure.

The way of a page: bytes → tree (``page``) → what it says of itself (``metadata``) → its text (``body``).
"""

from aggregator.extract.feedtext import carries_full_text, extract_entry
from aggregator.extract.page import Served
from aggregator.extract.whole import extract_page

__all__ = ["Served", "carries_full_text", "extract_entry", "extract_page"]
