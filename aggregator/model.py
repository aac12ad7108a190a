"""The records that travel between the rooms: frozen, picklable; times are aware UTC, unknown is None."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime, timedelta

    from aggregator.fingerprint import Fingerprint


class PagePolicy(StrEnum):
    """Whether the pages behind a feed's entries are fetched."""

    AUTO = "auto"  # unless the feed carries the full text
    NEVER = "never"
    ALWAYS = "always"


class KnownBy(StrEnum):
    """By what the entries of a feed are known again from poll to poll."""

    GUID = "guid"
    URL = "url"  # its canonical form
    WORDS = "words"


class PollOutcome(StrEnum):
    """What one poll of a feed brought."""

    NEW = "new"  # at least one new or changed entry
    UNCHANGED = "unchanged"  # a body, but nothing new in it
    NOT_MODIFIED = "not_modified"  # HTTP 304
    ERROR = "error"


class Relation(StrEnum):
    """What an article's (or a version's) text is to what came before it."""

    ORIGINAL = "original"
    UPDATE = "update"
    CORRECTION = "correction"
    REPEAT = "repeat"
    COPY = "copy"
    KILL = "kill"


class Status(StrEnum):
    """ninjs ``pubstatus``."""

    USABLE = "usable"
    WITHHELD = "withheld"
    CANCELED = "canceled"


class Target(StrEnum):
    """Where an alert's messages go."""

    STDOUT = "stdout"
    FILE = "file"  # a line of JSON a message
    WEBHOOK = "webhook"
    MAIL = "mail"


class Security(StrEnum):
    """How the connection to a mail server is kept from being read."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


class TextBasis(StrEnum):
    """Where an article's text was read; from the best to the poorest."""

    PAGE = "page"
    FEED_FULL = "feed_full"
    FEED_SUMMARY = "feed_summary"
    TITLE = "title"


@dataclass(frozen=True, slots=True)
class Feed:
    """One polled document of feeds.yaml, as the user described it."""

    url: str
    name: str
    every: timedelta
    at_most: timedelta
    spacing: timedelta
    title: str | None = None
    agency: str | None = None
    section: str | None = None
    language: str | None = None
    tags: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # may hold secrets
    timezone: str | None = None
    extract: tuple[tuple[str, str], ...] = ()  # what ("body", "headline") to CSS selector
    pages: PagePolicy = PagePolicy.AUTO
    allow_private: bool = False


@dataclass(frozen=True, slots=True)
class Alert:
    """A question that is asked of all that is new, and where its answers go."""

    name: str
    words: str
    filters: tuple[tuple[str, tuple[str, ...]], ...]  # name of a filter of `query` to its values
    to: Target
    address: str = field(repr=False)  # a file's path, a webhook's URL, addresses with commas; or empty
    secret: str | None = field(default=None, repr=False)  # that a webhook's messages are signed with
    allow_private: bool = False  # the webhook may be on a private address


@dataclass(frozen=True, slots=True)
class Mail:
    """How e-mail is sent."""

    host: str
    port: int
    sender: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    security: Security = Security.STARTTLS


@dataclass(frozen=True, slots=True)
class Config:
    """Everything a feeds.yaml says."""

    feeds: tuple[Feed, ...]
    keep_pages: timedelta
    keep_fetches: timedelta
    contact: str | None = None  # an address or URL for the User-Agent
    keep_entries: timedelta | None = None  # with their articles; None: for ever
    alerts: tuple[Alert, ...] = ()
    mail: Mail | None = None


@dataclass(frozen=True, slots=True)
class Cadence:
    """When a feed itself says it is worth asking."""

    floor_s: int | None = None  # at least so long between two polls: ttl, sy:updatePeriod
    skip_hours: tuple[int, ...] = ()  # of the day in UTC, 0 to 23
    skip_days: tuple[int, ...] = ()  # of the week in UTC, Monday is 0


@dataclass(frozen=True, slots=True)
class FeedState:
    """What the last polls of a feed left behind."""

    feed_id: int
    interval_s: int
    failures: int = 0
    etag: str | None = None
    last_modified: str | None = None
    body_hash: bytes | None = None
    whole_at: datetime | None = None  # when its whole came last, not a 304
    last_success_at: datetime | None = None
    last_new_at: datetime | None = None
    gone: bool = False  # answered HTTP 410
    not_before_at: datetime | None = None  # its server wants no request before (Retry-After, 410)
    moved_to: str | None = None  # where permanent redirects led at the last polls
    moves: int = 0  # polls in a row that were led there
    unmodified: int = 0  # answers of 304 in a row
    delta: bool = False  # its server knows A-IM: feed (RFC 3229)
    cadence: Cadence = Cadence()
    window_from: datetime | None = None  # publication of the oldest entry it showed
    rhythm: tuple[float, ...] = ()  # new entries by hour of the day, the recent ones weigh more
    known_by: KnownBy = KnownBy.GUID
    known_by_why: str | None = None  # the evidence, when it is not by the guids


@dataclass(frozen=True, slots=True)
class Request:
    """One GET with its validators and limits."""

    url: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # may hold secrets
    etag: str | None = None
    last_modified: str | None = None
    max_bytes: int = 15 * 1024 * 1024  # of the decompressed body
    allow_private: bool = False
    delta: bool = False  # only what is new will do (RFC 3229)


@dataclass(frozen=True, slots=True)
class Response:
    """What a server answered in the end; status is 200, 203, 226 or 304 (else it is a FetchError)."""

    url: str  # the last one, after redirects
    status: int
    headers: tuple[tuple[str, str], ...]  # names in lower case
    body: bytes
    fetched_at: datetime
    duration_ms: int
    moved_to: str | None = None  # where the permanent redirects (301, 308) at its beginning led

    def header(self, name: str) -> str | None:
        """The first header of that (lower-case) name, or None."""
        return next((value for key, value in self.headers if key == name), None)


@dataclass(frozen=True, slots=True)
class KeptPage:
    """A response as it is kept behind a version."""

    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    packed: bytes  # the body, compressed with zstd
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of a feed as the feed tells it; HTML is kept as given."""

    guid: str  # the feed's own id, else the link, else a digest of the text
    url: str | None
    title: str | None  # plain text
    summary: str | None  # HTML or text, as given
    content: str | None = None  # the full text, where the feed carries it; HTML
    author: str | None = None
    published_at: datetime | None = None
    updated_at: datetime | None = None
    published_raw: str | None = None
    tags: tuple[str, ...] = ()
    image_url: str | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """An entry as one document shows it, with what it is known again by."""

    entry: Entry
    digest: bytes  # of its words
    url_hash: int | None = None
    letters: int = 0  # of its words: how much the digest stands for
    garbled: bool = False  # some of it was decoded wrongly
    mark: bytes | None = None  # a digest of its bytes, when by them it can be known to be the same


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A feed's document, read."""

    entries: tuple[Entry, ...]  # in the order of the document
    title: str | None = None
    language: str | None = None
    warning: str | None = None  # what was wrong with it though entries were saved
    cadence: Cadence = Cadence()
    prev_archive: str | None = None  # the document with the entries before these (RFC 5005 §4)
    shared_guids: int = 0  # entries that came under a guid which others have too


@dataclass(frozen=True, slots=True)
class Slices:
    """The items of a document, each by the digest of its bytes, and what else their reading depended on."""

    context: bytes
    marks: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class Glance:
    """A document read in the light of the last one of its feed."""

    feed: ParsedFeed  # its entries are those that were read
    context: bytes | None = None  # None: nothing of it can be known again by its bytes
    marks: tuple[bytes, ...] = ()  # of the entries that were read, in their order
    shown: tuple[bytes, ...] = ()  # of the items that were known, and not read


@dataclass(frozen=True, slots=True)
class Dateline:
    """Place, day and agency that open a text."""

    raw: str  # as printed, to the last dash or dot that belongs to it
    rule: str  # which shape of datelines.toml matched
    place: str | None = None  # as printed; the first one when there are several
    places: tuple[str, ...] = ()
    region: str | None = None
    month: int | None = None
    day: int | None = None
    year: int | None = None  # only when printed
    date: date | None = None  # resolved to the year nearest to publication
    days_off: int | None = None  # days from publication to the date; far off is worth a look
    agency: str | None = None  # key of the agency table; the first one when there are several
    agencies: tuple[str, ...] = ()
    body_start: int = 0  # where the story's own words begin in the opening
    byline: str | None = None  # a name printed before or inside the dateline
    credit: str | None = None  # the agency's name as printed


@dataclass(frozen=True, slots=True)
class Mark:
    """An editorial sign of a headline or of a first or last line."""

    printed: str
    relation: Relation
    headline: str  # what is left of the headline without the sign
    number: int | None = None  # the 2 of UPDATE 2


@dataclass(frozen=True, slots=True)
class Quote:
    """A quotation of the body."""

    text: str
    paragraph: int  # index in the article's paragraphs
    speaker: str | None
    cue: str | None  # the printed words of speaking: ``he said``
    rule: str


@dataclass(frozen=True, slots=True)
class Article:
    """One news item of one outlet: what was read out of page and entry."""

    url: str | None
    headline: str | None
    paragraphs: tuple[str, ...]  # of the body, without the dateline
    text_basis: TextBasis
    extractor: str  # which rule gave the text, to explain it
    outlet: str | None = None  # host without www.
    agency: str | None = None  # key of the agency table
    section: str | None = None
    deck: str | None = None
    byline: str | None = None
    dateline: Dateline | None = None
    language: str | None = None  # ISO 639-1
    published_at: datetime | None = None
    updated_at: datetime | None = None
    status: Status = Status.USABLE
    relation: Relation = Relation.ORIGINAL
    mark: str | None = None  # as printed
    image_url: str | None = None
    image_caption: str | None = None
    image_credit: str | None = None
    credit: str | None = None  # sign-off and copyright tails, kept apart
    tags: tuple[str, ...] = ()
    quotes: tuple[Quote, ...] = ()
    slug: str | None = None  # the desk's name for it; as printed until read_wire takes the marks off
    item_id: str | None = None  # the agency's own id of this copy, the same for all its versions
    urgency: int | None = None  # ninjs: 1 is a flash, 9 the least
    embargo_until: datetime | None = None  # not to be shown before
    left_out: tuple[str, ...] = ()  # lines known to repeat across the outlet's pages
    confidence: float | None = None  # the F1 to expect of the text, 0 to 1; None where nothing judged it
    paywalled: bool = False  # its page says that the whole text is for subscribers
    fingerprint: Fingerprint | None = field(default=None, repr=False, compare=False)

    @property
    def body(self) -> str:
        """The paragraphs with a blank line between."""
        return "\n\n".join(self.paragraphs)


@dataclass(frozen=True, slots=True)
class Notice:
    """What a kill notice names."""

    outlet: str | None
    agency: str | None
    item_ids: tuple[str, ...] = ()
    slugs: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    headlines: tuple[str, ...] = ()  # as printed, its own without the mark first


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stored article that a new one may belong to."""

    article_id: int
    at: datetime  # of publication, else first seen
    relation: Relation
    equal: bool  # one of its texts is the new one's
    story_id: int
    outlet: str | None = None
    agency: str | None = None
    headline: str | None = None
    place: str | None = None
    slug: str | None = None
    item_id: str | None = None
    opening: str | None = None  # the beginning of its body


@dataclass(frozen=True, slots=True)
class Known:
    """The stored article that a new reading belongs to, with its newest version."""

    article_id: int
    story_id: int
    status: Status
    number: int  # of the newest version
    text_hash: bytes
    text_basis: TextBasis
    relation: Relation  # of the newest version
    headline: str | None
    deck: str | None
    body: str | None


@dataclass(frozen=True, slots=True)
class Match:
    """Which story an article belongs to, as what, and why."""

    story_id: int
    other_article_id: int
    relation: Relation
    rule: str
    score: float  # from 0 to 1
    evidence: tuple[tuple[str, float], ...] = ()  # the shares the score was made of
