"""Names of authors out of bylines as pages print them. Pure."""

from __future__ import annotations

import re
from html import unescape

from aggregator.text import fold_spaces

#: Words that introduce an author, in the languages where they were met.
_BY = re.compile(
    r"""
    ^\W{0,3} (?:
      (?: written | posted | published | reported | story | words | text | photos? ) \s by
    | by | von | vom | par | por | di | door | av | af | från | tekst | text | texte | autor(?:in|es)?
    | author s?
    | автор | yazan | de | opracował[ai]? | napsal[ai]? | skrivet\sav
    ) [\s:]+ (?=\w)
    """,
    re.VERBOSE | re.IGNORECASE,
)
#: Where a byline goes on with something that is no name.
_TAIL = re.compile(
    r"""
    \s* (?:
      \s[|•·/–—-]\s | \s\w{3,9}\.?\s\d | \( | \[ | \s\d
    | \b (?: published | updated | posted | veröffentlicht | publiziert | erschienen | aktualisiert
           | publié | mis\sà\sjour | publicado | pubblicato | gepubliceerd | publicerad | опубликовано ) \b
    ) .* $
    """,
    re.IGNORECASE | re.VERBOSE,
)
_BETWEEN = re.compile(r"\s*[,;|]\s*|\s+(?:and|und|et|y|e|en|och|og|i|и|ve|&)\s+")
_NO_NAME = re.compile(r"[@<>]|https?:|www\.|^\W*\d*\W*$|\d{2,}")
#: A longer name is a sentence.
_LONGEST = 60
_MOST_WORDS = 6
#: A longer byline is an article.
_LONGEST_BYLINE = 300


def names_of(byline: str | None) -> tuple[str, ...]:
    """The names in a byline, without what introduces them; empty when there is none."""
    if not byline or len(byline) > _LONGEST_BYLINE:
        return ()
    # Twice: what is escaped once too often in JSON-LD or a meta element would end names at its semicolons.
    text = _BY.sub("", fold_spaces(unescape(unescape(byline))))
    return tuple(
        name for part in _BETWEEN.split(_TAIL.sub("", text)) if (name := _BY.sub("", part)) and _is_name(name)
    )


def _is_name(text: str) -> bool:
    return (
        len(text) <= _LONGEST
        and len(text.split()) <= _MOST_WORDS
        and not text[:1].islower()
        and not _NO_NAME.search(text)
    )
