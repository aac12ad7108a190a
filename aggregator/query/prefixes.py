"""A prefix as the words it stands for, so that the newest articles are found without reading all it matches.

FTS5 answers ``tok*`` by merging the lists of every word that begins so: at 730,000 articles 2 to 28 ms of
processor for five letters, where the words joined by OR, read backwards as far as a page goes, take 1 to 9
with finding them. The words are found by leaping through the index, from each one to the next.
"""

from __future__ import annotations

import re
import sqlite3
import unicodedata

#: More words than this are left to FTS5: finding each costs 0.14 ms of processor.
_MOST = 256
#: One word that may go on, as ``words`` writes it: a phrase is left to FTS5, as is the first word of a field.
_PREFIX = re.compile(r'(?<!\^)"(?P<token>[^" ]+)" \*')
#: Letters that unicode61 writes as others, though they are no letter with a sign.
_OTHERS = frozenset("µſςϐϑϕϖϰϱϵ")
_NEXT = "SELECT term FROM temp.words_used WHERE term >= :from AND term < :to LIMIT 1"
_LAST = "\U0010ffff"


def widened(conn: sqlite3.Connection, match: str) -> str:
    """The FTS5 expression with each prefix as the words of the index that begin so, where they are few."""
    return _PREFIX.sub(lambda found: _alternatives(conn, found), match)


def _alternatives(conn: sqlite3.Connection, found: re.Match[str]) -> str:
    token = "".join(map(_as_indexed, found["token"].lower()))
    if not token.isalnum() or _OTHERS & set(token):
        return found[0]  # more than a word, or letters of which only FTS5 knows how it writes them
    try:
        terms = _beginning(conn, token)
    except sqlite3.OperationalError:
        return found[0]  # a connection on which nothing can be made
    if not terms or len(terms) > _MOST:
        return found[0]
    return '("' + '" OR "'.join(terms) + '")'


def _as_indexed(letter: str) -> str:
    """A letter as unicode61 writes it with ``remove_diacritics 2``: é is e, but й stays й."""
    latin = letter < "\u0250" or "\u1e00" <= letter <= "\u1eff"
    return unicodedata.normalize("NFD", letter)[0] if latin else letter


def _beginning(conn: sqlite3.Connection, token: str) -> list[str]:
    """The words that begin so, one more than are wanted at most."""
    _open_vocabulary(conn)
    terms: list[str] = []
    start = token
    while len(terms) <= _MOST:
        row = conn.execute(_NEXT, {"from": start, "to": token + _LAST}).fetchone()
        if row is None:
            break
        terms.append(row[0])
        start = f"{row[0]}\x01"  # the next word is greater than this
    return terms


def _open_vocabulary(conn: sqlite3.Connection) -> None:
    """Makes the index's list of words a table of this connection (https://www.sqlite.org/fts5.html §5)."""
    if conn.execute("SELECT 1 FROM sqlite_temp_master WHERE name = 'words_used'").fetchone():
        return
    read_only = conn.execute("PRAGMA query_only").fetchone()[0]
    conn.execute("PRAGMA query_only = OFF")
    try:
        conn.execute("CREATE VIRTUAL TABLE temp.words_used USING fts5vocab(main, articles_fts, instance)")
    finally:
        conn.execute(f"PRAGMA query_only = {read_only}")
