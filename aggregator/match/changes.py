"""What is no change of a text: typography, letters read in a wrong encoding, counters. Pure."""

from __future__ import annotations

import functools
import re

from aggregator.text import normal_form
from aggregator.wire.agencies import read_data

#: UTF-8 that was read as Windows-1252: a letter above U+00BF and what follows it.
_MISREAD = re.compile(r"[\u00c2-\u00f4][\u0080-\u00bf\u0152-\u0178\u02c6-\u02dc\u2013-\u2122]{1,3}")
#: Characters that are looked at: 3,000 words; behind them stands no counter that matters.
_MOST = 20_000


def same_words(one: str, other: str) -> bool:
    """Whether two texts differ in nothing that somebody wrote."""
    return essence(one) == essence(other)


def essence(text: str) -> str:
    """The words of a text, rightly decoded, without what counts readers or time; in its normal form."""
    return normal_form(without_counters(repaired(text[:_MOST]))) + normal_form(text[_MOST:])


def repaired(text: str) -> str:
    """The text with letters that were read as Windows-1252 turned back: ``cafÃ©`` is ``café``."""
    return _MISREAD.sub(lambda found: _decoded(found.group()), text)


def without_counters(text: str) -> str:
    """The text in small letters without its counters."""
    return _counters().sub("", text.casefold())


def _decoded(run: str) -> str:
    try:
        return b"".join(map(_byte, run)).decode("utf-8")
    except (UnicodeDecodeError, UnicodeEncodeError):
        return run


def _byte(letter: str) -> bytes:
    """The byte that Windows-1252 shows so; C1 controls stand for themselves."""
    return letter.encode("latin-1") if ord(letter) < 0x100 else letter.encode("cp1252")


@functools.cache
def _counters() -> re.Pattern[str]:
    rows = read_data("counters.toml")
    patterns = [row["pattern"].replace("NUMBER", f"(?:{rows['number']})") for row in rows["counters"]]
    return re.compile("|".join(f"(?:{each})" for each in patterns), re.VERBOSE)
