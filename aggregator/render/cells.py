"""Text made harmless for the place it is shown in. Pure.

What was fetched may carry terminal escapes, formulas and markup; shown, none of it may act.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aggregator.query.filter import ArticleRow, CoverageRow

#: Control characters (C0, C1, DEL) apart from tab and line ends, halves of surrogate pairs, and the signs
#: that turn the direction of what follows (UAX #9 §2.1–2.2).
_ACTING = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_LINES = re.compile(r"[\t\r\n\u2028\u2029]+")
#: A spreadsheet runs a cell that begins so, in its wide forms too
#: (https://owasp.org/www-community/attacks/CSV_Injection).
_FORMULA = re.compile("[=+\\-@\t\r\n＝＋－＠]")
_TSV = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_MARKDOWN = re.compile(r"([\\`*_\[\]<>|~&$])")
_JSON = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def inert(text: str) -> str:
    """The text with each character that would act on a terminal shown as U+FFFD."""
    return _ACTING.sub("\ufffd", text)


def one_line(text: str) -> str:
    """The inert text on one line."""
    return _LINES.sub(" ", inert(text)).strip()


def shown(value: object) -> str:
    """A value as text; unknown is empty."""
    if isinstance(value, tuple):
        return "; ".join(map(_had, value))
    return "" if value is None else str(value)


def _had(each: CoverageRow) -> str:
    """When an outlet had a story, as an interval (ISO 8601-2 §8: ``..`` where its beginning is not known)."""
    share = "" if each.verbatim is None else f" {each.verbatim:.0%}"
    return f"{each.outlet or '?'} {each.had_after or '..'}/{each.had_by}{share}"


def csv_cell(value: object) -> object:
    """A value for CSV: numbers as they are, text that no spreadsheet takes for a formula."""
    if value is None or isinstance(value, int | float):
        return value
    text = inert(shown(value))
    return f"'{text}" if _FORMULA.match(text) else text


def tsv_cell(value: object) -> str:
    r"""A value for tab-separated lines: tab, line end and backslash are ``\t``, ``\n``, ``\r``, ``\\``."""
    return shown(csv_cell(value)).translate(_TSV)


def markdown_cell(value: object) -> str:
    """A value for a Markdown table: one line, its signs escaped (CommonMark §2.4)."""
    return _MARKDOWN.sub(r"\\\1", one_line(shown(value)))


def json_text(text: str) -> str:
    """JSON whose every acting character is written as an escape (RFC 8259 §7)."""
    return _JSON.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def xml_text(text: str) -> str:
    """The inert text as XML may hold it (XML 1.0 §2.2), its signs escaped."""
    return escape(re.sub("[\ufffe\uffff]", "\ufffd", inert(text)))


def web_link(url: str | None) -> str | None:
    """The URL when following it can only open a page; None otherwise."""
    safe = url and re.fullmatch(r"https?://[^\s\x00-\x20\x7f-\x9f\"'<>\\]+", url, re.IGNORECASE)
    return url if safe else None


def sign_of(row: ArticleRow) -> str:
    """What must be seen beside an article's headline, with what became of its original or its page."""
    became = ("ORIGIN KILLED" if row.origin_killed_at else "", "GONE" if row.gone_at else "")
    return " ".join(filter(None, (*became, label(row.relation, row.status, row.mark))))


def label(relation: str, status: str, mark: str | None) -> str:
    """What must be seen beside a headline: its mark as printed, else what is unusual about it."""
    if status == "canceled":
        return one_line(mark) if mark else "KILLED"
    parts = [status.upper()] if status != "usable" else []
    if mark:
        parts.append(one_line(mark))
    elif relation not in ("original", "copy"):
        parts.append(relation.upper())
    return " ".join(parts)
