"""The text of HTML that is not plain, by BeautifulSoup. Pure.

A room of its own, which is entered only for such: BeautifulSoup takes 50 ms to load, in each worker.
"""

from __future__ import annotations

from bs4 import BeautifulSoup
from bs4.element import CData, Comment, Doctype, NavigableString, ProcessingInstruction, Tag

#: Elements whose text is never meant to be read.
_UNREAD = frozenset(["script", "style", "noscript", "template", "iframe", "svg", "head"])
_NO_TEXT = (Comment, Doctype, ProcessingInstruction, CData)
#: Nesting deeper than this is not walked: nothing readable is that deep.
_DEPTH_LIMIT = 200


def soup_blocks(markup: str, borders: frozenset[str]) -> list[str]:
    """The text between those elements' borders, of any markup; walked without recursion."""
    root = BeautifulSoup(markup, "lxml")
    blocks: list[list[str]] = [[]]
    stack: list[tuple[object, int]] = [(root, 0)]
    while stack:
        node, depth = stack.pop()
        if node is None:
            blocks.append([])
        elif isinstance(node, NavigableString):
            if not isinstance(node, _NO_TEXT):
                blocks[-1].append(str(node))
        elif isinstance(node, Tag) and node.name not in _UNREAD and depth < _DEPTH_LIMIT:
            border: list[tuple[object, int]] = [(None, 0)] if node.name in borders else []
            children = [(child, depth + 1) for child in reversed(node.contents)]
            stack += [*border, *children, *border]
    return ["".join(block) for block in blocks]
