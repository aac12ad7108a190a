"""What a user types, as an FTS5 question that is never a syntax error. Pure.

All words must occur; ``"exact phrase"``, ``pref*``, ``-without``, ``a OR b``, and the fields ``headline:``,
``deck:``, ``body:``, ``place:``, ``byline:``. Every other character is looked for as text. OR binds closer
than a space does: ``putin OR medvedev valdai`` asks for valdai and one of the two.

What is asked is brought into the form in which texts are indexed, see ``aggregator.searchtext``.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from aggregator.searchtext import fold, pairs_of, searchable, unspaced_run

_FIELDS = ("headline", "deck", "body", "place", "byline")
_QUOTES = str.maketrans("“”„‟＂", '"""""')
_TERM = re.compile(
    rf"""
    (?P<minus> (?<!\S) - )?               # a minus counts at the beginning of a word only
    (?: (?P<field> {"|".join(_FIELDS)} ) : )?
    (?: " (?P<phrase> [^"]* ) (?: " | $ ) # a quotation that is never closed goes to the end
      | (?P<word> [^\s"]+ )
    )
    (?P<star> \* )?
    """,
    re.VERBOSE | re.IGNORECASE,
)


class Words(NamedTuple):
    """A typed question, understood.

    Attributes:
        match: the FTS5 expression of what must occur, None when nothing must.
        without: the FTS5 expression of what must not occur, where ``match`` is None.
        nothing: something was asked that no text can hold, such as ``!!!``.
    """

    match: str | None = None
    without: str | None = None
    nothing: bool = False


class _Term(NamedTuple):
    fts: str | None  # None: no letter or digit in it
    excluded: bool = False
    joins: bool = False  # the word OR


def read_words(text: str) -> Words:
    """What the typed words ask for, whatever they are."""
    if not text:
        return Words()
    typed = clean(text)
    if not typed.isascii():
        typed = typed.translate(_QUOTES)
    terms = [_term(found) for found in _TERM.finditer(typed)]
    if not terms:
        return Words()
    wanted = _groups([term for term in terms if not term.excluded])
    unwanted = [term.fts for term in terms if term.excluded and term.fts]
    if wanted:
        match = " AND ".join(wanted)
        return Words(f"({match}) NOT ({' OR '.join(unwanted)})" if unwanted else match)
    return Words(without=" OR ".join(unwanted)) if unwanted else Words(nothing=True)


def begins_with(field: str, text: str) -> str | None:
    """The FTS5 expression for a field that begins with these words; None when there is no word in them."""
    phrase = _phrase(clean(text), prefix=False)
    return f"{field} : ^{phrase}" if phrase else None


def clean(text: str) -> str:
    """The text as SQLite can take it: NFC, without control characters and halves of surrogate pairs."""
    if text.isascii() and text.isprintable():
        return text
    if not text.isprintable():  # nearly all that is typed is
        text = "".join(" " if unicodedata.category(c) in ("Cc", "Cs") else c for c in text)
    return unicodedata.normalize("NFC", text)


def _term(found: re.Match[str]) -> _Term:
    minus, field, text, word, star = found.groups()
    if word == "OR" and not (minus or field):
        return _Term(None, joins=True)
    if text is None:
        text = word
        star = star or text.endswith("*")
    phrase = _phrase(text, prefix=bool(star))
    if phrase and field:
        phrase = f"{field.lower()} : {phrase}"
    return _Term(phrase, excluded=bool(minus))


def _phrase(text: str, *, prefix: bool) -> str | None:
    """An FTS5 string; its last run of unspaced letters may go on in the text that is searched."""
    folded = text if text.isascii() else fold(text)
    if not (folded.isalnum() or any(unicodedata.category(c)[0] in "LN" for c in folded)):
        return None  # after folding: a stretch of Arabic script alone is a letter only before
    folded = folded.rstrip("*")
    if folded.isascii():  # no run of unspaced letters
        return _quoted(folded) + (" *" if prefix else "")
    run = _last_run(folded)
    if run is None:
        return _quoted(searchable(folded) or "") + (" *" if prefix else "")
    pairs = " ".join(pairs_of(run.group(), last=False))
    star = " *" if len(run.group()) == 1 or prefix else ""
    return _quoted(f"{searchable(folded[: run.start()])} {pairs}") + star


def _last_run(text: str) -> re.Match[str] | None:
    """The letters written without spaces with which a text ends."""
    runs = [found for found in unspaced_run().finditer(text) if found.end() == len(text)]
    return runs[0] if runs else None


def _quoted(text: str) -> str:
    return '"' + " ".join(text.replace('"', " ").split()) + '"'


def _groups(terms: list[_Term]) -> list[str]:
    """The alternatives between which OR stands, in brackets; words without a letter say nothing."""
    groups: list[list[str]] = []
    joining = False
    for term in terms:
        if term.joins:
            joining = bool(groups)
        elif term.fts:
            if joining:
                groups[-1].append(term.fts)
            else:
                groups.append([term.fts])
            joining = False
    return [f"({' OR '.join(group)})" for group in groups]
