"""Feeds and alerts added to and taken out of feeds.yaml, whose comments, order and other lines stay.

What comes out is read again before it replaces the file: it must say what the file said, but for what was
meant.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from aggregator.config import config_text, read_config
from aggregator.config.lines import with_items, without_item
from aggregator.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aggregator.config import Environment
    from aggregator.config.lines import Said
    from aggregator.model import Alert, Config, Feed

_BOM = b"\xef\xbb\xbf"


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
        text = with_items("", "feeds", said)
        feeds = read_config(text, path, environment).feeds
        _replace(path, text)
        return feeds
    text = config_text(path)
    before = read_config(text, path, environment)
    edited = with_items(text, "feeds", said)
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
    edited = without_item(text, "feeds", place)
    after = _checked(edited, path, environment)
    left = (*before.feeds[:place], *before.feeds[place + 1 :])
    if _nameless(after) != _nameless(replace(before, feeds=left)):
        raise _by_hand(path, f"remove '{name}'")
    _replace(path, edited, text)
    return before.feeds[place]


def add_alert(path: Path, said: Said, environment: Environment) -> Alert:
    """Puts an alert behind the last one of feeds.yaml.

    Returns:
        The alert as the file now describes it.

    Raises:
        ConfigError: the file is wrong, or would be with this alert; it stays as it was.
    """
    text = config_text(path)
    before = read_config(text, path, environment)
    edited = with_items(text, "alerts", [said])
    after = _checked(edited, path, environment)
    if after != replace(before, alerts=before.alerts + after.alerts[-1:]) or before == after:
        raise _by_hand(path, "add the alert")
    _replace(path, edited, text)
    return after.alerts[-1]


def remove_alert(path: Path, name: str, environment: Environment) -> None:
    """Takes the alert of that name out of feeds.yaml.

    Raises:
        UsageError: there is no such alert.
        ConfigError: the file is wrong; it stays as it was.
    """
    text = config_text(path)
    before = read_config(text, path, environment)
    place = next((at for at, alert in enumerate(before.alerts) if alert.name == name), None)
    if place is None:
        raise UsageError(f"{path}: no alert is named '{name}'; `aggregator alerts list` shows the names")
    edited = without_item(text, "alerts", place)
    left = (*before.alerts[:place], *before.alerts[place + 1 :])
    if _checked(edited, path, environment) != replace(before, alerts=left):
        raise _by_hand(path, f"remove '{name}'")
    _replace(path, edited, text)


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
