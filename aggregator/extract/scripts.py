"""The data that a page's scripts carry, found and read. Pure: no script is run.

Frameworks leave the state of a page in it: as a JSON document in an element of its own, or as a literal that
a script assigns to a name (``aggregator/data/scripts.toml``).
"""

from __future__ import annotations

import functools
import json
import re
import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

#: A document that is longer is not read; the longest of 642 real pages with an article in it has 700,000.
LARGEST = 1_000_000
#: Of a literal that is no JSON so much is rewritten as JSON.
_LARGEST_LITERAL = 100_000
#: A name stands in a script more often only where it is used, not assigned.
_MOST_USES = 20
#: Behind a name: that it is assigned, or added to, and how the value is wrapped.
_ASSIGNED = re.compile(
    r"""
    ['"]?\]? \s{0,9}                          # the end of window["name"]
    (?: = \s{0,9} | \.push\( \s{0,9} )
    (?: JSON\.(?:parse|stringify)\( \s{0,9} )?
    (?= [\[{'"] )
    """,
    re.VERBOSE,
)
#: What a JavaScript literal has that JSON has not. Each part matches to the text's end when it is not closed,
#: so that no second start is tried in it.
_LITERAL = re.compile(
    r"""
      (?P<double> "(?:[^"\\]++|\\.)*+"? )
    | (?P<single> '(?:[^'\\]++|\\.)*+'? )
    | (?P<comment> //[^\n]*+ | /\*(?:[^*]++|\*(?!/))*+(?:\*/)? )
    | (?P<key> (?<![\w$]) [A-Za-z_$][\w$]*+ (?=\s{0,9}:) )
    | (?P<null> (?<![\w$]) (?:undefined|void\s0|NaN) (?![\w$]) )
    | (?P<true> !0 ) | (?P<false> !1 )
    """,
    re.VERBOSE | re.DOTALL,
)
#: Then, what of commas; the first part passes over texts.
_LAST_COMMA = re.compile(
    r"""(?P<text> "(?:[^"\\]++|\\.)*+"? ) | ,(?=\s{0,99}[}\]])""", re.VERBOSE | re.DOTALL
)
_PLAIN = {"comment": "", "null": "null", "true": "true", "false": "false"}
#: Values of Nuxt's format that are wrapped in a list with a name at its head.
_WRAPPED = 2
#: So many levels of it are read.
_DEEPEST = 40
_DECODER = json.JSONDecoder(strict=False)


@dataclass(frozen=True, slots=True)
class Script:
    """A script's data: the name it goes by, and the text that begins with it."""

    name: str  # the element's id, else the variable's; may be empty
    text: str
    start: int = 0  # where in the text the data begins


def assigned(text: str) -> Iterator[Script]:
    """The data that a script assigns to names known to carry some."""
    for name in script_rules()["names"]:
        at = text.find(name)
        for _ in range(_MOST_USES):
            if at < 0:
                break
            if found := _ASSIGNED.match(text, at + len(name)):
                yield Script(name, text, found.end())
            at = text.find(name, at + len(name))


def value_of(script: Script) -> Any:  # noqa: ANN401 (JSON is anything)
    """What a script's data says: objects, lists, texts, numbers; None when it cannot be read."""
    text = script.text[script.start : script.start + LARGEST].lstrip()
    value = _first_value(text)
    if value is None:
        quoted = _LITERAL.sub(_as_json, text[:_LARGEST_LITERAL])
        value = _first_value(_LAST_COMMA.sub(lambda found: found["text"] or "", quoted))
    if isinstance(value, str):  # JSON.parse("…")
        value = _first_value(value.lstrip())
    return _woven(value) if script.name == "__NUXT_DATA__" else value


def _first_value(text: str) -> Any:  # noqa: ANN401 (JSON is anything)
    try:
        return _DECODER.raw_decode(text)[0]
    except (ValueError, RecursionError):
        return None


def _as_json(found: re.Match[str]) -> str:
    if found["key"]:
        return f'"{found["key"]}"'
    if found["single"]:
        inner = found["single"][1:].removesuffix("'").replace("\\'", "'")
        return '"' + re.sub(r'(?<!\\)"', r'\\"', inner) + '"'
    return _PLAIN.get(str(found.lastgroup), found.group())


def _woven(value: Any) -> Any:  # noqa: ANN401 (JSON is anything)
    """Nuxt's list of values, whose objects and lists name their members by place, as one value.

    The format is that of https://github.com/Rich-Harris/devalue.
    """
    return _member(value, 0, {}, 0) if isinstance(value, list) and value else None


def _member(table: list[Any], place: Any, known: dict[int, Any], depth: int) -> Any:  # noqa: ANN401 (JSON is anything)
    if not isinstance(place, int) or not 0 <= place < len(table) or depth > _DEEPEST:
        return None
    if place in known:
        return known[place]
    found = known[place] = table[place]
    if isinstance(found, dict):
        known[place] = {name: _member(table, at, known, depth + 1) for name, at in found.items()}
    elif isinstance(found, list):
        wrapped = len(found) == _WRAPPED and isinstance(found[0], str)
        members = [_member(table, at, known, depth + 1) for at in (found[1:] if wrapped else found)]
        known[place] = members[0] if wrapped else members
    return known[place]


@functools.cache
def script_rules() -> dict[str, Any]:
    """What ``data/scripts.toml`` says."""
    return tomllib.loads(resources.files("aggregator").joinpath("data/scripts.toml").read_text("utf8"))
