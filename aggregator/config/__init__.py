"""feeds.yaml → ``Config``; every fault is named with file, line and key, all of them at once.

YAML is read as a tree of nodes with the safe loader (no tags, no objects), so each value knows its line.
Secrets in ``headers`` stay out of the file: ``${ENV_VAR}`` and ``file:PATH``.
"""

from __future__ import annotations

import re
from base64 import b64encode
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import yaml

from aggregator.config.alerts import checked_alerts, read_alerts, read_mail
from aggregator.config.nodes import (
    Environment,
    FaultError,
    Page,
    Reader,
    matching,
    mentions,
    read_duration,
    read_mapping,
    read_pairs,
    read_secret,
    read_text,
    read_texts,
    read_truth,
    scalar,
)
from aggregator.errors import ConfigError
from aggregator.model import Config, Feed, PagePolicy
from aggregator.urls import web_url, without_userinfo

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

__all__ = ["SELECTABLE", "Environment", "config_text", "load_config", "read_config"]

#: 100,000 feeds fit; anything larger is not a list of feeds.
_LARGEST_FILE = 16 * 1024 * 1024
_NAME = re.compile(r"[\w][\w.:-]{0,79}")
_AGENCY = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load_config(path: Path, environment: Environment) -> Config:
    """Everything a feeds.yaml says.

    Raises:
        ConfigError: the file cannot be read, is no YAML, or says something wrong; all faults at once.
    """
    return read_config(config_text(path), path, environment)


def read_config(text: str, path: Path, environment: Environment) -> Config:
    """Everything a text says that stands, or is to stand, in that file.

    Raises:
        ConfigError: it is no YAML, or says something wrong; all faults at once.
    """
    page = Page(str(path), environment, path.parent)
    config = _read_root(_compose(text, page), page)
    if page.faults:
        raise ConfigError(tuple(text for _, text in sorted(page.faults)))
    return config


def config_text(path: Path) -> str:
    """The text of a feeds.yaml, its line ends as they are.

    Raises:
        ConfigError: there is no such file, or it cannot be read.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_FILE + 1)
    except FileNotFoundError:
        raise ConfigError((f"{path}: no such file; write one, or name another with --feeds FILE",)) from None
    except OSError as fault:
        raise ConfigError((f"{path}: cannot be read: {fault.strerror}",)) from None
    if len(data) > _LARGEST_FILE:
        raise ConfigError((f"{path}: larger than {_LARGEST_FILE // 2**20} MiB; split it",))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        raise ConfigError((f"{path}:{line}: is not UTF-8; save it as UTF-8",)) from None


def _compose(text: str, page: Page) -> yaml.Node:
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as fault:
        line = fault.problem_mark.line + 1 if fault.problem_mark else 1
        raise ConfigError((f"{page.path}:{line}: is not YAML: {fault.problem or fault}",)) from None
    except (yaml.YAMLError, RecursionError) as fault:
        reason = str(fault).splitlines()[0] if str(fault) else "nested too deep"
        raise ConfigError((f"{page.path}:1: is not YAML: {reason}",)) from None
    if root is None:
        raise ConfigError((f"{page.path}:1: is empty; it needs a list 'feeds:'",))
    return root


def _read_root(root: yaml.Node, page: Page) -> Config:
    top = read_mapping(root, "file", _TOP_KEYS, page)
    if isinstance(root, yaml.MappingNode) and not mentions(root, "feeds"):
        page.fault(root, "feeds", "missing; list at least one feed, each with a url")
    defaults = _DEFAULTS | (top.get("defaults") or {})
    feeds = _named(top.get("feeds") or [], defaults, page)
    keep = _KEEP_DEFAULTS | (top.get("keep") or {})
    return Config(
        feeds,
        keep["pages"],
        keep["fetches"],
        top.get("contact"),
        keep.get("entries"),
        alerts=checked_alerts(top, {feed.name for feed in feeds}, page),
        mail=top.get("mail"),
    )


def _positive(node: yaml.Node, page: Page) -> timedelta | None:
    value = read_duration(node, page)
    if not value:
        raise FaultError("must be longer than nothing, such as 10m")
    return value


def _policy(node: yaml.Node, _: Page) -> PagePolicy:
    value = scalar(node)
    try:
        return PagePolicy(str(value))
    except ValueError:
        raise FaultError(f"'{value}' is none of {', '.join(PagePolicy)}") from None


def _url(node: yaml.Node, _: Page) -> str:
    value = (scalar(node) or "").strip()
    if web_url(value) is None or len(value.split()) > 1:
        raise FaultError(f"'{value[:120]}' is not an http(s) URL")
    return value


def _zone(node: yaml.Node, _: Page) -> str | None:
    value = scalar(node)
    try:
        return ZoneInfo(value).key if value else None
    except (KeyError, OSError, ValueError):
        raise FaultError(f"'{value}' is not a time zone; write one such as Europe/Moscow") from None


def _headers(node: yaml.Node, page: Page) -> tuple[tuple[str, str], ...]:
    pairs = tuple((name, read_secret(value, page)) for name, value in read_pairs(node))
    for name, value in pairs:
        if not _HEADER_NAME.fullmatch(name) or not (value.isascii() and value.isprintable()):
            raise FaultError(f"'{name[:80]}' is not a header with a value of one line in ASCII")
    return pairs


def _selectors(node: yaml.Node, _: Page) -> tuple[tuple[str, str], ...]:
    pairs = tuple(read_pairs(node))
    wrong = [name for name, _ in pairs if name not in SELECTABLE]
    if wrong:
        raise FaultError(f"'{wrong[0]}' cannot be selected; known are {', '.join(SELECTABLE)}")
    return pairs


def _defaults(node: yaml.Node, page: Page) -> dict[str, Any]:
    return read_mapping(node, "defaults", _DEFAULT_KEYS, page)


def _keep(node: yaml.Node, page: Page) -> dict[str, Any]:
    return read_mapping(
        node, "keep", {"entries": _positive, "fetches": read_duration, "pages": read_duration}, page
    )


def _feeds(node: yaml.Node, page: Page) -> list[tuple[yaml.Node, dict[str, Any]]]:
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        raise FaultError("must be a list with at least one feed, each with a url")
    feeds = []
    for index, item in enumerate(node.value):
        said = read_mapping(item, f"feeds[{index}]", _FEED_KEYS, page)
        feeds.append((item, said))
        if "url" not in said and isinstance(item, yaml.MappingNode) and not mentions(item, "url"):
            page.fault(item, f"feeds[{index}].url", "missing")
    return feeds


#: What ``extract:`` may name.
SELECTABLE = ("headline", "deck", "byline", "published", "body")

_DEFAULT_KEYS: dict[str, Reader] = {
    "every": _positive,
    "at_most": _positive,
    "pages": _policy,
    "spacing": read_duration,
    "language": matching(re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*"), "is not a language tag, such as en"),
    "timezone": _zone,
}
_FEED_KEYS: dict[str, Reader] = {
    "url": _url,
    "name": matching(_NAME, "is not a name: letters, digits, '.', ':', '_' and '-', at most 80"),
    "title": read_text,
    "agency": matching(_AGENCY, "is not an agency's key: small letters, digits and '-'"),
    "section": read_text,
    "tags": read_texts,
    "headers": _headers,
    "extract": _selectors,
    "allow_private": read_truth,
    **_DEFAULT_KEYS,
}
_TOP_KEYS: dict[str, Reader] = {
    "defaults": _defaults,
    "keep": _keep,
    "contact": read_text,
    "alerts": read_alerts,
    "mail": read_mail,
    "feeds": _feeds,
}
_DEFAULTS: dict[str, Any] = {
    "every": timedelta(minutes=10),
    "at_most": timedelta(hours=6),
    "spacing": timedelta(seconds=1),
}
_KEEP_DEFAULTS = {"pages": timedelta(days=30), "fetches": timedelta(days=30)}


def _named(
    said: list[tuple[yaml.Node, dict[str, Any]]], defaults: dict[str, Any], page: Page
) -> tuple[Feed, ...]:
    """The feeds with their names, each name and URL once."""
    feeds, urls, names = [], dict[str, int](), dict[str, int]()
    spoken_for = {own["name"] for _, own in said if "name" in own}
    for index, (node, given) in enumerate(said):
        if "url" not in given:
            continue
        own = given | _secret_apart(given)
        name = own.get("name") or _free_name(own["url"], spoken_for)
        spoken_for.add(name)
        for key, value, taken in (("url", own["url"], urls), ("name", name, names)):
            if value in taken:
                page.fault(node, f"feeds[{index}].{key}", f"'{value}' is also that of feeds[{taken[value]}]")
            taken.setdefault(value, index)
        feed = Feed(**(defaults | own | {"name": name}))
        if feed.every > feed.at_most:
            page.fault(node, f"feeds[{index}].every", "is longer than at_most; make it shorter")
        feeds.append(feed)
    return tuple(feeds)


def _secret_apart(own: dict[str, Any]) -> dict[str, Any]:
    """User and password of a feed's URL as the header they become (RFC 7617), and the URL without them."""
    url, userinfo = without_userinfo(own["url"])
    if userinfo is None:
        return {}
    basic = ("Authorization", f"Basic {b64encode(userinfo.encode()).decode()}")
    return {"url": url, "headers": (basic, *own.get("headers", ()))}


def _free_name(url: str, taken: Collection[str]) -> str:
    """A name made from host and path: ``tass.com-rss-v2``."""
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.")
    stem = re.sub(r"\.(xml|rss|atom|json|rdf|php|asp|aspx)$", "", parts.path)
    name = re.sub(r"[^\w.]+", "-", f"{host}{stem}").strip("-.")[:70] or "feed"
    number = 2
    free = name
    while free in taken:
        free, number = f"{name}-{number}", number + 1
    return free
