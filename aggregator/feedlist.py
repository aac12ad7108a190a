"""Feeds added to and taken out of feeds.yaml, whose comments, order and other lines stay as they are.

The lines are edited where YAML's own marks say they are; nothing is written anew from a tree. What comes out
is read again before it replaces the file: it must say what the file said, but for the feeds meant.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from aggregator.config import config_text, read_config
from aggregator.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from aggregator.config import Environment
    from aggregator.model import Config, Feed

Said = dict[str, Any]
_LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BOM = b"\xef\xbb\xbf"
_ENDLESS = 1_000_000  # columns: what is written here is never folded


def add_feeds(path: Path, said: Sequence[Said], environment: Environment) -> tuple[Feed, ...]:
    """Puts feeds behind the last one of feeds.yaml, which is made when there is none.

    Args:
        path: the file.
        said: for each feed what the file is to say of it: ``url``, ``name`` and so on.
        environment: for the secrets the file refers to.

    Returns:
        The feeds as the file now describes them.

    Raises:
        ConfigError: the file is wrong, or would be with these feeds; it stays as it was.
    """
    if not path.exists():
        text = "feeds:\n" + "".join(_block(each, "  ", "\n") for each in said)
        feeds = read_config(text, path, environment).feeds
        _replace(path, text)
        return feeds
    text = config_text(path)
    before = read_config(text, path, environment)
    edited = _with(text, said)
    after = _checked(edited, path, environment)
    kept = len(before.feeds)
    new = after.feeds[kept:]
    if len(new) != len(said) or after != replace(before, feeds=before.feeds + new):
        raise _by_hand(path, "add the feeds")
    _replace(path, edited, text)
    return new


def remove_feed(path: Path, name: str, environment: Environment) -> Feed:
    """Takes the feed of that name or URL out of feeds.yaml, with the comment that is its alone.

    Returns:
        The feed that was there.

    Raises:
        UsageError: there is no such feed, or it is the only one.
        ConfigError: the file is wrong; it stays as it was.
    """
    text = config_text(path)
    before = read_config(text, path, environment)
    place = next((at for at, feed in enumerate(before.feeds) if name in (feed.name, feed.url)), None)
    if place is None:
        raise UsageError(f"{path}: no feed is named '{name}'; `aggregator feeds list` shows the names")
    if len(before.feeds) == 1:
        raise UsageError(f"{path}: '{name}' is its only feed, and a feeds.yaml needs one")
    edited = _without(text, place)
    after = _checked(edited, path, environment)
    left = (*before.feeds[:place], *before.feeds[place + 1 :])
    if _nameless(after) != _nameless(replace(before, feeds=left)):
        raise _by_hand(path, f"remove '{name}'")
    _replace(path, edited, text)
    return before.feeds[place]


def _nameless(config: Config) -> Config:
    """Without names: a name made from a URL may become free when another feed goes."""
    return replace(config, feeds=tuple(replace(feed, name="") for feed in config.feeds))


def _checked(text: str, path: Path, environment: Environment) -> Config:
    try:
        return read_config(text, path, environment)
    except ConfigError as fault:
        raise ConfigError((f"{path}: nothing was changed, for it would be wrong:", *fault.faults)) from None


def _by_hand(path: Path, what: str) -> ConfigError:
    return ConfigError((f"{path}: its form is too unusual to {what} without touching other lines; edit it",))


# ---------------------------------------------------------------- the text


def _with(text: str, said: Sequence[Said]) -> str:
    items, end = _items(text)
    if items[-1].flow:
        comma = "" if text[: end - 1].rstrip().endswith(",") else ", "
        added = ", ".join(map(_flow, said))
        return f"{text[: end - 1]}{comma}{added}{text[end - 1 :]}"
    last = items[-1]
    newline = "\r\n" if "\r\n" in text else "\n"
    gap = newline if _is_blank(_line_before(text, _comment_start(text, last.start))) else ""
    indent = text[_line_start(text, last.start) : last.start]
    blocks = "".join(gap + _block(each, indent, newline) for each in said)
    at = _line_end(text, last.end)
    between = "" if text[:at].endswith("\n") else newline
    return text[:at] + between + blocks + text[at:]


def _without(text: str, place: int) -> str:
    items, _ = _items(text)
    item = items[place]
    if item.flow:
        last = place == len(items) - 1
        start, end = (items[place - 1].end, item.end) if last else (item.start, items[place + 1].start)
        return text[:start] + text[end:]
    start, end = _line_start(text, item.start), _line_end(text, item.end)
    above = _comment_start(text, item.start)
    first = place == 0 and not text[_line_end(text, _list_of(text)[0]) : above].strip()
    alone = (first or _is_blank(_line_before(text, above))) and _is_blank(_line_at(text, end))
    if not alone:
        return text[:start] + text[end:]
    rest = text[end:].partition("\n")[2]  # without the blank line behind it
    return text[:above] + rest if rest else text[:above].rstrip() + "\n"


@dataclass(frozen=True, slots=True)
class _Item:
    """Where a feed stands: from its dash, or its brace, to the end of the last thing said in it."""

    start: int
    end: int
    flow: bool


def _items(text: str) -> tuple[list[_Item], int]:
    """The feeds of the text, and where their list ends."""
    _, sequence = _list_of(text)
    flow = bool(sequence.flow_style)
    items = []
    for node in sequence.value:
        start = node.start_mark.index
        items.append(_Item(start if flow else text.rindex("-", 0, start), _end(node), flow))
    return items, sequence.end_mark.index


def _list_of(text: str) -> tuple[int, yaml.SequenceNode]:
    """Where the key ``feeds`` stands, and its list."""
    root: Any = yaml.compose(text, Loader=_LOADER)
    return next((key.start_mark.index, value) for key, value in root.value if key.value == "feeds")


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


# ---------------------------------------------------------------- the file


def _replace(path: Path, text: str, before: str | None = None) -> None:
    """Puts the text in the file's place in one step; a reader sees the old file or the new one.

    Raises:
        ConfigError: it cannot be written, or somebody else has just changed it.
    """
    target = Path(os.path.realpath(path))  # a link stays a link
    if before is not None and config_text(path) != before:
        raise ConfigError((f"{path}: was changed meanwhile; nothing was written, try again",))
    try:
        bom = _BOM if before is not None and target.read_bytes().startswith(_BOM) else b""
        mode = target.stat().st_mode if before is not None else 0o644
        number, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(number, "wb") as file:
            file.write(bom + text.encode())
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode & 0o7777)
        Path(name).replace(target)
    except OSError as fault:
        raise ConfigError((f"{path}: cannot be written: {fault.strerror}",)) from None
