"""What a server's answer says about when to come again: Retry-After, Cache-Control, Expires. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aggregator.model import Response

#: Directives that take a lifetime back (RFC 9111 §5.2.2).
_NOT_KEPT = frozenset(["no-store", "no-cache"])


def retry_after_s(value: str | None, now: datetime) -> int | None:
    """Seconds to wait by a Retry-After header (RFC 9110 §10.2.3: a number or a date), or None."""
    seconds = whole_number(value)
    if seconds is not None:
        return seconds
    when = http_date(value)
    return None if when is None else max(0, round((when - now).total_seconds()))


def fresh_for_s(response: Response) -> int | None:
    """For how many seconds the answer stays fresh (RFC 9111 §4.2.1), or None when it does not say.

    ``max-age`` less ``Age`` goes before ``Expires`` less ``Date``; ``s-maxage`` is for shared caches.
    """
    said = _directives(response.header("cache-control"))
    if said.keys() & _NOT_KEPT:
        return None
    age = whole_number(said.get("max-age"))
    if age is not None:
        return max(0, age - (whole_number(response.header("age")) or 0))
    expires = http_date(response.header("expires"))
    if expires is None:
        return None
    since = http_date(response.header("date")) or response.fetched_at
    return max(0, round((expires - since).total_seconds()))


def knows_delta(response: Response) -> bool:
    """Whether the server names RFC 3229's feed deltas: in ``IM``, or as what its answers vary by."""
    return "feed" in (response.header("im") or "").lower() or "a-im" in (
        response.header("vary") or ""
    ).lower().replace(" ", "").split(",")


def http_date(value: str | None) -> datetime | None:
    """The time of an HTTP date in any of its three forms (RFC 9110 §5.6.7), or None."""
    try:
        when = parsedate_to_datetime(value or "")
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, IndexError, OverflowError):
        return None


def whole_number(value: str | None) -> int | None:
    """A number of ASCII digits, cut to twelve of them; None for anything else."""
    digits = (value or "").strip()
    return int(digits[:12]) if digits.isascii() and digits.isdigit() else None


def _directives(value: str | None) -> dict[str, str]:
    pairs = (part.partition("=") for part in (value or "").lower().split(","))
    return {name.strip(): said.strip().strip('"') for name, _, said in pairs}
