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

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lxml.etree import _Element

#: A document that is longer is not read; the longest of 642 real pages with an article in it has 700,000.
LARGEST = 1_000_000
#: Of a literal that is no JSON so much is rewritten as JSON.
_LARGEST_LITERAL = 100_000
#: Shorter data holds no article.
_SHORT = 1_000
#: Attributes that may be data, and how many are looked at.
_LONG_ATTRIBUTES = etree.XPath(
    "//@*[string-length(.) > 1000 and (starts-with(., '{') or starts-with(., '['))]", smart_strings=False
)
_MOST_ATTRIBUTES = 20
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
#: As Angular's state is written (https://v17.angular.io/api/platform-browser/TransferState).
_ANGULAR, _SIGNS = re.compile(r"&([aqslg]);"), {"a": "&", "q": '"', "s": "'", "l": "<", "g": ">"}
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


def assigned(text: str) -> Iterable[Script]:
    """The data that a script assigns: JSON objects to any name, literals to names known to carry some."""
    found = {at: Script("", text, at) for at in _objects_in(text)}
    for name in script_rules()["names"]:
        for at in _places_of(text, name):
            if sign := _ASSIGNED.match(text, at + len(name)):
                found[sign.end()] = Script(name, text, sign.end())
    return found.values()


def _objects_in(text: str) -> Iterator[int]:
    """Where long JSON objects may begin that are assigned to something."""
    for sign in ('={"', '= {"'):
        for at in _places_of(text, sign):
            if len(text) - at > _SHORT:
                yield at + len(sign) - 2


def _places_of(text: str, words: str) -> Iterator[int]:
    at = text.find(words)
    for _ in range(_MOST_USES):
        if at < 0:
            return
        yield at
        at = text.find(words, at + len(words))


def in_attributes(root: _Element) -> list[Script]:
    """The data that a page's elements carry in attributes, as components that scripts draw do."""
    found = _LONG_ATTRIBUTES(root)
    texts = found if isinstance(found, list) else []
    return [Script("", str(text)) for text in texts[:_MOST_ATTRIBUTES]]


def value_of(script: Script) -> Any:  # noqa: ANN401 (JSON is anything)
    """What a script's data says: objects, lists, texts, numbers; None when it cannot be read."""
    text = script.text[script.start : script.start + LARGEST].lstrip()
    if text.startswith("{&q;"):
        text = _ANGULAR.sub(lambda found: _SIGNS[found[1]], text)
    value = _first_value(text)
    if value is None and script.name:
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
    if place in known:  # a text may stand in many places; an object that did could be walked without end
        return None if isinstance(known[place], dict | list) else known[place]
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
