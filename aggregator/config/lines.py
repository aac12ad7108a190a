"""Lines of feeds.yaml added and taken out where YAML's own marks say they are; all others stay. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Said = dict[str, Any]
_LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_ENDLESS = 1_000_000  # columns: what is written here is never folded


def with_items(text: str, key: str, said: Sequence[Said]) -> str:
    """The text with more items at the end of a list; a list that is not there is put at the end."""
    newline = "\r\n" if "\r\n" in text else "\n"
    if _list_of(text, key) is None:
        gap = newline if text.strip() else ""
        end = "" if text.endswith("\n") or not text else newline
        return f"{text}{end}{gap}{key}:{newline}" + "".join(_block(each, "  ", newline) for each in said)
    items, end_at = _items(text, key)
    if not items or items[-1].flow:
        before = text[: end_at - 1]
        comma = "" if before.rstrip().endswith((",", "[")) else ", "
        return f"{before}{comma}{', '.join(map(_flow, said))}{text[end_at - 1 :]}"
    last = items[-1]
    gap = newline if _is_blank(_line_before(text, _comment_start(text, last.start))) else ""
    indent = text[_line_start(text, last.start) : last.start]
    blocks = "".join(gap + _block(each, indent, newline) for each in said)
    at = _line_end(text, last.end)
    between = "" if text[:at].endswith("\n") else newline
    return text[:at] + between + blocks + text[at:]


def without_item(text: str, key: str, place: int) -> str:
    """The text without one item of a list and the comment that is its alone; a list's last takes it along."""
    items, _ = _items(text, key)
    item = items[place]
    if len(items) == 1:
        return _without_list(text, key, item)
    if item.flow:
        last = place == len(items) - 1
        start, end = (items[place - 1].end, item.end) if last else (item.start, items[place + 1].start)
        return text[:start] + text[end:]
    start, end = _line_start(text, item.start), _line_end(text, item.end)
    above = _comment_start(text, item.start)
    first = place == 0 and not text[_line_end(text, _start_of(text, key)) : above].strip()
    alone = (first or _is_blank(_line_before(text, above))) and _is_blank(_line_at(text, end))
    if not alone:
        return text[:start] + text[end:]
    rest = text[end:].partition("\n")[2]  # without the blank line behind it
    return text[:above] + rest if rest else text[:above].rstrip() + "\n"


def _without_list(text: str, key: str, item: _Item) -> str:
    if item.flow:
        return text[: item.start] + text[item.end :]
    start = _start_of(text, key)
    if _is_blank(_line_before(text, start)) and start:
        start = _line_start(text, start - 1)
    return text[:start] + text[_line_end(text, item.end) :]


@dataclass(frozen=True, slots=True)
class _Item:
    """Where an item stands: from its dash, or its brace, to the end of the last thing said in it."""

    start: int
    end: int
    flow: bool


def _items(text: str, key: str) -> tuple[list[_Item], int]:
    """The items of a list, and where it ends."""
    found = _list_of(text, key)
    if found is None:
        return [], len(text)
    sequence = found[1]
    flow = bool(sequence.flow_style)
    items = []
    for node in sequence.value:
        start = node.start_mark.index
        items.append(_Item(start if flow else text.rindex("-", 0, start), _end(node), flow))
    return items, sequence.end_mark.index


def _list_of(text: str, key: str) -> tuple[int, yaml.SequenceNode] | None:
    """Where a key of the file stands, and its list."""
    root: Any = yaml.compose(text, Loader=_LOADER)
    pairs = root.value if root else ()
    return next(((name.start_mark.index, value) for name, value in pairs if name.value == key), None)


def _start_of(text: str, key: str) -> int:
    found = _list_of(text, key)
    return found[0] if found else 0


def _end(node: Any) -> int:  # noqa: ANN401 (one of yaml's nodes)
    """Where the last thing said in a node ends; comments behind it are not its own."""
    if isinstance(node, yaml.ScalarNode) or node.flow_style or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return max(map(_end, last)) if isinstance(last, tuple) else _end(last)


def _block(said: Said, indent: str, newline: str) -> str:
    lines = list(_lines(said))
    first, *others = [indent + ("- " if at == 0 else "  ") + line for at, line in enumerate(lines)]
    return newline.join([first, *others, ""])


def _lines(said: Mapping[str, Any]) -> Iterator[str]:
    for key, value in said.items():
        yield f"{key}: {_flow(value)}"


def _flow(value: object) -> str:
    """The value on one line; quoted where YAML would take it for something else."""
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=_ENDLESS, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _line_end(text: str, at: int) -> int:
    """Behind the end of the line in which ``at`` stands, or behind the line that ends there."""
    if at and text[at - 1] == "\n":
        return at
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1


def _line_at(text: str, at: int) -> str | None:
    return text[at:].partition("\n")[0] if at < len(text) else None


def _line_before(text: str, at: int) -> str | None:
    start = _line_start(text, at)
    return text[_line_start(text, start - 1) : start] if start else None


def _is_blank(line: str | None) -> bool:
    return line is None or not line.strip()


def _comment_start(text: str, at: int) -> int:
    """Where the comments begin that stand directly above a line."""
    start = _line_start(text, at)
    while start and (_line_before(text, start) or "").lstrip().startswith("#"):
        start = _line_start(text, start - 1)
    return start
