"""One canonical form of a URL, and the outlet it names. Pure.

Syntax and normalisation: RFC 3986 §6.2; which parameters only track is data (``data/tracking.toml``).
"""

from __future__ import annotations

import functools
import re
import tomllib
from hashlib import blake2b
from importlib import resources
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit, urlunsplit

_SAFE = "/%:@!$&'()*+,;=~-._?[]"
_DEFAULT_PORTS = {"http": 80, "https": 443}
#: Longer than any address a browser or server takes.
_LONGEST = 8_000
#: An absolute address that is spelled well already, as nearly all are: nothing to join or to quote.
_PLAIN = re.compile(
    r"""
    (https?)://
    ([a-z0-9] (?:[a-z0-9.-]*[a-z0-9])?) (?: :(\d{1,4}) )?   # host and port
    ( / [\w/%:@!$&'()*+,;=~.?-]* )?                         # path and query
    (?: \# [\w/%:@!$&'()*+,;=~.?-]+ )?
    """,
    re.VERBOSE | re.ASCII,
)
#: What can stand in no address: RFC 3987 §2.2 has no such characters, nor surrogates.
_UNREADABLE = re.compile(r"[\x00-\x20\x7f-\x9f\"<>\\^`{|}\ufdd0-\ufdef\ufff0-\uffff]+")
_WWW = re.compile(r"^(?:www\d?|m|amp|mobile)\.(?=[^.]+\.)")


def web_url(url: str | None, base: str = "") -> str | None:
    """The absolute http(s) URL, percent-encoded where needed; None for anything else."""
    if _plain(url):
        return url
    joined = _absolute(url, base)
    return quote(joined, safe=_SAFE + "#") if joined else None


def readable_url(url: str | None, base: str = "") -> str | None:
    """The absolute http(s) URL, letters of all scripts kept (an IRI, RFC 3987); None for anything else."""
    if _plain(url):
        return url
    joined = _absolute(url, base)
    return _UNREADABLE.sub(lambda found: quote(found[0]), joined) if joined else None


def _plain(url: str | None) -> re.Match[str] | None:
    return _PLAIN.fullmatch(url) if url and len(url) <= _LONGEST else None


def _absolute(url: str | None, base: str) -> str | None:
    """The URL without white space, joined to its base; None when it is no http(s) URL."""
    try:
        joined = urljoin(base, "".join((url or "").split()))
        parts = urlsplit(joined)
        host, _ = parts.hostname, parts.port
        joined.encode()  # half of a surrogate pair stands in no address
    except ValueError:
        return None
    if parts.scheme.lower() not in _DEFAULT_PORTS or not host or len(joined) > _LONGEST:
        return None
    return joined


def without_userinfo(url: str) -> tuple[str, str | None]:
    """A URL without its user and password, and these as ``user:password``, or None.

    They are the user's own and belong into no address that is stored, shown or sent on (RFC 3986 §7.5).
    """
    if "@" not in url:
        return url, None
    parts = urlsplit(url)
    userinfo, at, host = parts.netloc.rpartition("@")
    return (urlunsplit(parts._replace(netloc=host)), unquote(userinfo)) if at else (url, None)


@functools.lru_cache(maxsize=4_096)  # one round asks for the same ones several times
def canonical(url: str | None) -> str | None:
    """The form under which one page is known: no fragment, no tracking parameters, one spelling of its host.

    ``http`` and ``https`` are one page, so the scheme is always ``https``. None when it is no http(s) URL.
    """
    plain = _plain(url)
    if plain:
        return _canonical_of(*plain.groups())
    web = web_url(url)
    if web is None:
        return None
    parts = urlsplit(web)
    return urlunsplit(("https", _host(parts), parts.path or "/", _query(parts.query), ""))


def _canonical_of(scheme: str, host: str, port: str | None, rest: str | None) -> str:
    """The same of an address that is spelled well, without taking it apart and together again: a third."""
    number = int(port) if port else _DEFAULT_PORTS[scheme]
    place = host if number == _DEFAULT_PORTS[scheme] else f"{host}:{number}"
    path, mark, query = (rest or "/").partition("?")
    kept = _query(query) if mark else ""
    return f"https://{place}{path}?{kept}" if kept else f"https://{place}{path}"


def url_hash(url: str | None) -> int | None:
    """64 bits of the canonical form, as SQLite holds integers; None when it is no http(s) URL."""
    known = canonical(url)
    if known is None:
        return None
    return int.from_bytes(blake2b(known.encode("utf-8"), digest_size=8).digest(), "big", signed=True)


def outlet_of(url: str | None) -> str | None:
    """The host of a URL without ``www.``, ``m.`` or ``amp.``; None when it is no http(s) URL."""
    plain = _plain(url)
    if plain:
        return _outlet(plain[2])
    web = web_url(url)
    return _outlet(urlsplit(web).hostname or "") if web else None


@functools.lru_cache(maxsize=1_024)
def _outlet(host: str) -> str:
    return _WWW.sub("", host)


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").rstrip(".")
    host = f"[{host}]" if ":" in host else host
    port = parts.port
    return host if port in (None, _DEFAULT_PORTS[parts.scheme.lower()]) else f"{host}:{port}"


def _query(query: str) -> str:
    exact, prefixes = _tracking()
    kept = [pair for pair in query.split("&") if pair and not _tracks(pair, exact, prefixes)]
    return "&".join(kept)


def _tracks(pair: str, exact: frozenset[str], prefixes: tuple[str, ...]) -> bool:
    name, _, value = pair.lower().partition("=")
    return name in exact or name.startswith(prefixes) or "amp" in (name, value)  # AMP: another dress


@functools.cache
def _tracking() -> tuple[frozenset[str], tuple[str, ...]]:
    data = tomllib.loads(resources.files("aggregator").joinpath("data/tracking.toml").read_text("utf8"))
    return frozenset(data["parameters"]), tuple(data["prefixes"])
