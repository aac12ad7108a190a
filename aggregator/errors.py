"""The tree of errors that a user may meet; anything else is a bug.

::

    AggregatorError            one clear line for the user; never a traceback
    ├── ConfigError            feeds.yaml or a setting is wrong (exit status 2)
    ├── UsageError             a question that cannot be asked (exit status 2)
    ├── StoreError             the database cannot be used
    │   ├── SchemaTooNewError  it was made by a newer version of the program
    │   └── BusyError          another process holds it
    ├── FetchError             a URL gave no usable response
    │   ├── UnreachedError     nobody answered: no such name, no connection
    │   ├── RefusedError       we did not ask: address, scheme, size or redirect rule
    │   ├── LeadsAwayError     it redirects to another host, which has turns and rules of its own
    │   ├── ClosedError        we did not ask yet: its host's robots.txt cannot be had
    │   │   └── PostponedError its host wants to be left alone
    │   └── StatusError        the server answered with an error status
    ├── ArchiveError           a WARC file cannot be read or written
    ├── ParseError             bytes came, but they are not a feed
    ├── EngineError            where thinking runs is lost, or cannot be used
    └── WorkerError            reading them took too much time or memory, or crashed
"""

from __future__ import annotations


class AggregatorError(Exception):
    """Base of all foreseeable faults; its text is one line that names what, where and what to do."""


class ConfigError(AggregatorError):
    """One or more faults in the configuration, each ``file:line: key: what``.

    Attributes:
        faults: every fault found, in the order of the file.
    """

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class UsageError(AggregatorError):
    """A question or command that cannot be answered as it was asked."""


class StoreError(AggregatorError):
    """The database cannot be opened, read or written."""


class SchemaTooNewError(StoreError):
    """The database holds migrations this program does not know."""


class BusyError(StoreError):
    """Another process holds the database longer than we wait."""


class DiskFullError(StoreError):
    """The disk has no room; what was being written was not."""


class FetchError(AggregatorError):
    """A URL gave no usable response; the text is the reason in words.

    Attributes:
        retry_after_s: the seconds the server asked us to stay away (Retry-After), when it said so.
        url: where that was: the one that was asked for, or where its redirects led; None: nobody was asked.
    """

    retry_after_s: int | None = None
    url: str | None = None


class UnreachedError(FetchError):
    """Nobody answered: no such name, or nothing to connect to; perhaps for want of a network."""


class RefusedError(FetchError):
    """We did not connect, or stopped reading: address, scheme, size or redirect rule."""


class LeadsAwayError(FetchError):
    """It redirects to another host, and whoever asked wants to see to that host's turn and rules first.

    Attributes:
        url: where it leads.
        redirects: how many more may be followed.
    """

    url: str

    def __init__(self, url: str, redirects: int) -> None:
        super().__init__("redirects to another host")
        self.url = url
        self.redirects = redirects


class ClosedError(FetchError):
    """We did not ask yet: the host is closed to us for ``retry_after_s``."""

    def __init__(self, text: str, retry_after_s: int) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s


class PostponedError(ClosedError):
    """We did not ask yet: the host wants to be left alone."""


class StatusError(FetchError):
    """The server answered with an error status.

    Attributes:
        status: the HTTP status code.
    """

    def __init__(self, status: int, text: str, retry_after_s: int | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.retry_after_s = retry_after_s


class ArchiveError(AggregatorError):
    """A WARC file cannot be read or written; what was read of it before stays stored."""


class ParseError(AggregatorError):
    """The bytes are not a feed, or not one that anything could be saved of."""


class EngineError(AggregatorError):
    """The cluster cannot be reached, was lost, or has other code; the next run does what was not stored."""


class WorkerError(AggregatorError):
    """The worker process that read the bytes was lost: too much time, too much memory, or a crash."""
