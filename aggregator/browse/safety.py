"""ASGI layers that keep a browser from doing what stored text might ask of it. Pure but for passing on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, MutableMapping

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    App = Callable[[Message, Receive, Send], Awaitable[None]]

#: For our own pages: nothing but what this server sends, no script or style inside a page.
OUR_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
#: Datasette's own pages carry style in their markup; their scripts are ours (see templates/).
_DATASETTE_POLICY = OUR_POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'").replace(
    "img-src 'self'", "img-src 'self' data:"
)
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    # The outlets need not learn who reads them.
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


def with_safe_headers(app: App) -> App:
    """The app, with our headers on each answer."""

    async def wrapped(scope: Message, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": _with_ours(message.get("headers", []))}
            await send(message)

        await app(scope, receive, send_with_headers)

    return wrapped


def _with_ours(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers with ours; a page's own policy stands."""
    found = list(headers)
    policy = [(b"content-security-policy", _DATASETTE_POLICY.encode())]
    own = any(name.lower() == b"content-security-policy" for name, _ in found)
    return [*found, *_HEADERS, *([] if own else policy)]


def for_hosts(app: App, hosts: frozenset[str]) -> App:
    """The app, for requests that name one of those hosts only.

    A page elsewhere can make its own name point to 127.0.0.1 and read what is served there (DNS
    rebinding); the Host header still carries that name.
    """

    async def wrapped(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or host_of(scope) in hosts:
            await app(scope, receive, send)
            return
        body = b"This server is asked under a name that is not its own.\n"
        headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 421, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return wrapped


def host_of(scope: Message) -> str:
    """The Host header without its port, in lower case; empty when there is none or more than one."""
    said: list[str] = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
    if len(said) != 1:
        return ""
    host = said[0].lower()
    return host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
