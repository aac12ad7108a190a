"""YAML's nodes → values, each fault with its line and key. Reads no file but those that hold secrets."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pathlib import Path

_DURATION = re.compile(r"(\d{1,6})(s|m|h|d)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_VARIABLE = re.compile(r"\$\{(\w+)\}")

Environment = Mapping[str, str]


class FaultError(Exception):
    """One wrong value; becomes a line of ConfigError."""


@dataclass(slots=True)
class Page:
    """The file being read and what is wrong with it so far."""

    path: str
    environment: Environment
    folder: Path
    faults: list[tuple[int, str]] = field(default_factory=list)

    def fault(self, node: yaml.Node, key: str, text: str) -> None:
        """Notes what is wrong, with its line."""
        line = node.start_mark.line + 1
        self.faults.append((line, f"{self.path}:{line}: {key}: {text}"))


Reader = Callable[[yaml.Node, Page], Any]


def read_mapping(node: yaml.Node, key: str, readers: Mapping[str, Reader], page: Page) -> dict[str, Any]:
    """What a mapping says, each value read by the reader of its key."""
    if not isinstance(node, yaml.MappingNode):
        page.fault(node, key, f"must be a mapping of {', '.join(readers)}")
        return {}
    found: dict[str, Any] = {}
    for key_node, value in node.value:
        name = str(key_node.value)
        where = name if key == "file" else f"{key}.{name}"
        if name not in readers:
            page.fault(key_node, where, f"unknown key; known are {', '.join(readers)}")
        elif name in found:
            page.fault(key_node, where, "given twice; keep one")
        else:
            found[name] = read_value(value, where, readers[name], page)
    return {name: value for name, value in found.items() if value is not None}


def read_value(node: yaml.Node, where: str, reader: Reader, page: Page) -> Any:  # noqa: ANN401 (as its reader)
    """What a reader makes of a node; its fault is noted."""
    try:
        return reader(node, page)
    except FaultError as fault:
        page.fault(node, where, str(fault))
    return None


def scalar(node: yaml.Node) -> str | None:
    """The text of a scalar; None for null."""
    if not isinstance(node, yaml.ScalarNode):
        raise FaultError("must be a single value, not a list or mapping")
    return None if node.tag == "tag:yaml.org,2002:null" else str(node.value)


def read_text(node: yaml.Node, _: Page) -> str | None:
    """The text without spaces around it; None for null and for nothing."""
    value = scalar(node)
    return value.strip() or None if value else None


def read_duration(node: yaml.Node, _: Page) -> timedelta | None:
    """A length of time: 90s, 10m, 6h, 30d."""
    value = scalar(node)
    match = _DURATION.fullmatch(value or "")
    if not match:
        raise FaultError(f"'{value}' is not a duration; write a number and s, m, h or d, such as 10m")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def read_truth(node: yaml.Node, _: Page) -> bool:
    """True or false, in YAML's words."""
    value = scalar(node)
    if node.tag != "tag:yaml.org,2002:bool":
        raise FaultError(f"'{value}' is not true or false")
    return str(value).lower() in ("true", "yes", "on")


def matching(pattern: re.Pattern[str], advice: str) -> Reader:
    """The reader of a text that a pattern matches in full."""

    def read(node: yaml.Node, _: Page) -> str | None:
        value = scalar(node)
        if value is not None and not pattern.fullmatch(value):
            raise FaultError(f"'{value[:80]}' {advice}")
        return value

    return read


def read_texts(node: yaml.Node, _: Page) -> tuple[str, ...]:
    """A list of texts."""
    if not isinstance(node, yaml.SequenceNode):
        raise FaultError("must be a list, such as [russia, economy]")
    return tuple(value for value in map(scalar, node.value) if value)


def read_pairs(node: yaml.Node) -> list[tuple[str, str]]:
    """A mapping of texts to texts."""
    if not isinstance(node, yaml.MappingNode):
        raise FaultError("must be a mapping of names to values")
    return [(scalar(key) or "", scalar(value) or "") for key, value in node.value]


def read_secret(value: str, page: Page) -> str:
    """The value with ``${VAR}`` put in, or the content of ``file:PATH``."""
    if value.startswith("file:"):
        path = page.folder / value.removeprefix("file:")
        try:
            return path.read_text("utf8").strip()
        except (OSError, UnicodeDecodeError):
            raise FaultError(f"the secret's file {path} cannot be read") from None
    missing = [name for name in _VARIABLE.findall(value) if name not in page.environment]
    if missing:
        raise FaultError(f"the environment variable {missing[0]} is not set")
    return _VARIABLE.sub(lambda match: page.environment[match[1]], value)


def mentions(node: yaml.MappingNode, name: str) -> bool:
    """Whether a mapping has a key."""
    return any(key.value == name for key, _ in node.value)
