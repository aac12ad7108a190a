"""Fetched text made safe to print: in terminals and log lines. Pure."""

from __future__ import annotations

import unicodedata

#: Control, format and surrogate characters could move the cursor, hide text or start an escape sequence.
_UNSAFE = ("Cc", "Cf", "Cs", "Zl", "Zp")


def safe_line(text: str) -> str:
    """The text on one line, without what a terminal would obey."""
    return "".join(" " if unicodedata.category(c) in _UNSAFE else c for c in text)
