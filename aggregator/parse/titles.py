"""A title as feeds give it (text, HTML, HTML escaped once too often) → plain text on one line. Pure."""

from __future__ import annotations

import html
import re

from aggregator.text import fold_spaces

#: Escaped twice, a title shows its markup after the first reading; nobody escapes three times.
_ROUNDS = 2
_REFERENCE = re.compile(r"&(?:[a-zA-Z]{2,31}|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});")
#: Elements of HTML that occur in titles; any other word in angle brackets is the title's own.
_INLINE = (
    "a abbr acronym b bdi bdo big cite code del dfn em font i img ins kbd mark o:p q s samp small span "
    "strike strong sub sup tt u var wbr"
)
_BLOCK = "blockquote br center div h1 h2 h3 h4 h5 h6 hr li ol p pre table td tr ul"
_MARKUP = re.compile(
    rf"""
    </? (?: {_INLINE.replace(" ", "|")} | (?P<block>{_BLOCK.replace(" ", "|")}) ) (?:[\s/][^<>]{{0,1000}})? >
    | <!\[CDATA\[ | \]\]>      # a section that was itself escaped
    | <!--[^<>]{{0,1000}}-->
    """,
    re.VERBOSE | re.IGNORECASE,
)


def plain_line(text: str) -> str:
    """The words of a title without markup, references resolved, white space folded."""
    if "<" not in text and "&" not in text:
        return fold_spaces(text)
    for _ in range(_ROUNDS):
        if "<" in text:
            text = _MARKUP.sub(_gap, text)
        if "&" not in text:
            break
        text = _REFERENCE.sub(lambda found: html.unescape(found[0]), text)
    return fold_spaces(_MARKUP.sub(_gap, text) if "<" in text else text)


def _gap(found: re.Match[str]) -> str:
    return " " if found["block"] else ""
