"""What a user types, as an FTS5 question that is never a syntax error. Pure.

All words must occur; ``"exact phrase"``, ``pref*``, ``-without``, ``a OR b``, and the fields ``headline:``,
``deck:``, ``body:``, ``place:``, ``byline:``. Every other character is looked for as text. OR binds closer
than a space does: ``putin OR medvedev valdai`` asks for valdai and one of the two.

Texts are indexed as ``data/migrations/0002_search.sql`` says; what is asked is brought into the same form.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_FIELDS = ("headline", "deck", "body", "place", "byline")
#: Letters of scripts written without spaces, and Korean; the same class stands in 0002_search.sql.
UNSPACED = "ก-๛ກ-ໟက-႟ក-៿々〇ぁ-ゟァ-ヺー-ヿㇰ-ㇿ㐀-䶿一-鿿가-힣豈-﫿ｦ-ﾟ𠀀-𳍏"
_RUN = re.compile(f"[{UNSPACED}]+")
#: Letters written in more than one way; the same are replaced in 0002_search.sql.
_FOLDS = str.maketrans("Ёёآأإ", "Ееااا", "\u0640" + "".join(map(chr, range(0x064B, 0x0653))) + "\u0670")
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


@dataclass(frozen=True, slots=True)
class Words:
    """A typed question, understood.

    Attributes:
        match: the FTS5 expression of what must occur, None when nothing must.
        without: the FTS5 expression of what must not occur, where ``match`` is None.
        nothing: something was asked that no text can hold, such as ``!!!``.
    """

    match: str | None = None
    without: str | None = None
    nothing: bool = False


@dataclass(frozen=True, slots=True)
class _Term:
    fts: str | None  # None: no letter or digit in it
    excluded: bool = False
    joins: bool = False  # the word OR


def read_words(text: str) -> Words:
    """What the typed words ask for, whatever they are."""
    terms = [_term(found) for found in _TERM.finditer(clean(text).translate(_QUOTES))]
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
    kept = (" " if unicodedata.category(c) in ("Cc", "Cs") else c for c in text)
    return unicodedata.normalize("NFC", "".join(kept))


def spread(text: str) -> str:
    """The text as it is indexed: runs of unspaced letters as pairs, and the last letter of a run alone."""
    return _RUN.sub(lambda run: f" {' '.join(_pairs(run.group(), last=True))} ", text.translate(_FOLDS))


def _pairs(run: str, *, last: bool) -> list[str]:
    """東京の → 東京, 京の and, with ``last``, の."""
    pairs = [run[at : at + 2] for at in range(len(run) - 1)]
    return [*pairs, run[-1]] if last or not pairs else pairs


def _term(found: re.Match[str]) -> _Term:
    if found["word"] == "OR" and not (found["minus"] or found["field"]):
        return _Term(None, joins=True)
    text, star = found["phrase"], found["star"]
    if text is None:
        text = found["word"]
        star = star or text.endswith("*")
    phrase = _phrase(text, prefix=bool(star))
    if phrase and found["field"]:
        phrase = f"{found['field'].lower()} : {phrase}"
    return _Term(phrase, excluded=bool(found["minus"]))


def _phrase(text: str, *, prefix: bool) -> str | None:
    """An FTS5 string; its last run of unspaced letters may go on in the text that is searched."""
    if not any(unicodedata.category(c)[0] in "LN" for c in text):
        return None
    folded = text.translate(_FOLDS).rstrip("*")
    run = re.search(f"[{UNSPACED}]+$", folded)
    if run is None:
        return _quoted(spread(folded)) + (" *" if prefix else "")
    pairs = " ".join(_pairs(run.group(), last=False))
    star = " *" if len(run.group()) == 1 or prefix else ""
    return _quoted(f"{spread(folded[: run.start()])} {pairs}") + star


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
