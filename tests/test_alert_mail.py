"""Alerts by e-mail, to a real mail server on loopback."""

from __future__ import annotations

import asyncio
import ssl
import threading
from contextlib import contextmanager
from email import message_from_bytes, policy
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from conftest import FERRY, NOON

from aggregator.alerts.messages import mail_of, message_of
from aggregator.alerts.sending import _mail
from aggregator.errors import AggregatorError
from aggregator.model import Alert, Mail, Security, Target
from aggregator.query import ArticleRow
from aggregator.store.alerts import Delivery

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage
    from pathlib import Path

ALERT = Alert("storms", "ferry", (), Target.MAIL, "desk@harbour.example,night@harbour.example")


class Box:
    """A mailbox; refuses what is for ``nobody``, and what is for ``silent`` without a word."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []

    async def handle_RCPT(self, *given: Any) -> str:  # noqa: ANN401, N802 (aiosmtpd's)
        """Takes an address, or does not."""
        envelope, address = given[2], given[3]
        if address.startswith("nobody"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, *given: Any) -> str:  # noqa: ANN401, N802 (aiosmtpd's)
        """Takes a letter."""
        if given[2].rcpt_tos == ["silent@harbour.example"]:
            return "554 "
        letter: Any = message_from_bytes(given[2].content, policy=policy.default)
        self.letters.append(letter)
        return "250 taken"


def _knows(*given: object) -> AuthResult:
    known = isinstance(given[4], LoginPassword) and given[4].password == b"right"
    return AuthResult(success=known, handled=False)  # the server says so itself


@pytest.fixture
def box() -> Box:
    return Box()


@contextmanager
def served(box: Box, *, at_once: ssl.SSLContext | None = None, **given: Any) -> Iterator[int]:  # noqa: ANN401 (aiosmtpd's)
    """A mail server on a free port, with a loop of its own in a thread; encrypted ``at_once`` or if asked."""
    loop = asyncio.new_event_loop()
    made = partial(SMTP, box, loop=loop, authenticator=_knows, **given)
    server = loop.run_until_complete(loop.create_server(made, "127.0.0.1", 0, ssl=at_once))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield server.sockets[0].getsockname()[1]
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    server.close()
    loop.run_until_complete(server.wait_closed())
    loop.close()


@pytest.fixture
def mail(box: Box) -> Iterator[Mail]:
    """A mail server that encrypts nothing."""
    with served(box, auth_require_tls=False) as port:
        yield Mail("127.0.0.1", port, "wire@harbour.example", security=Security.NONE)


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """What a server shows that its clients trust: a certificate of an authority they are told of."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    return shown_by(authority)


def shown_by(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def article(**given: object) -> ArticleRow:
    row: dict[str, Any] = dict.fromkeys(ArticleRow._fields)
    row |= {"id": 42, "story_id": 42, "relation": "original", "status": "usable", "agency": "nordica"}
    row |= {
        "headline": "Fähre läuft\naus",
        "url": "https://harbour.example/ferry",
        "body": "\n\n".join(FERRY),
    }
    return ArticleRow(**(row | given))


def letter(row: ArticleRow, mail: Mail, reason: str = "new") -> EmailMessage:
    delivery = Delivery(7, "storms", 42, 1, reason, "2026-03-04T12:00:00Z", 0)
    return mail_of(message_of(delivery, row), ALERT, mail, NOON)


def test_a_letter_comes_whole(box: Box, mail: Mail) -> None:
    _mail(mail, letter(article(), mail))
    [got] = box.letters
    assert got["Subject"] == "[storms] Fähre läuft aus"
    assert (got["From"], got["To"]) == ("wire@harbour.example", "desk@harbour.example, night@harbour.example")
    assert got["Auto-Submitted"] == "auto-generated"
    text = got.get_content()
    assert "https://harbour.example/ferry" in text
    assert "aggregator show 42" in text
    again = letter(article(), mail)
    assert again["Message-ID"] == got["Message-ID"]


def test_a_kill_has_a_letter_without_the_text(box: Box, mail: Mail) -> None:
    row = article(status="canceled", mark="KILL")
    _mail(mail, letter(row, mail, "kill"))
    [got] = box.letters
    assert got["Subject"] == "[storms] KILL: article 42"
    assert "must not be used" in got.get_content()
    assert "Fähre" not in str(got)
    assert FERRY[0][:40] not in got.get_content()


def test_a_headline_cannot_add_headers(box: Box, mail: Mail) -> None:
    _mail(mail, letter(article(headline="News\r\nBcc: all@harbour.example\r\n\r\nBody"), mail))
    [got] = box.letters
    assert got["Bcc"] is None
    assert got["Subject"].startswith("[storms] News")


@pytest.mark.parametrize(
    ("user", "password", "to", "security", "fault"),
    [
        ("desk", "guessed", "desk@harbour.example", Security.NONE, "answered 535"),
        (None, None, "nobody@harbour.example", Security.NONE, "took no e-mail"),
        (None, None, "silent@harbour.example", Security.NONE, "answered 554$"),
        (None, None, "desk@harbour.example", Security.STARTTLS, "took no e-mail: STARTTLS"),
        (None, None, "desk@harbour.example", Security.TLS, "took no e-mail"),
    ],
)
def test_what_the_server_refuses_is_one_line_without_the_password(
    mail: Mail, user: str | None, password: str | None, to: str, security: Security, fault: str
) -> None:
    wrong = Mail(mail.host, mail.port, mail.sender, user, password, security)
    told = letter(article(), wrong)
    told.replace_header("To", to)
    with pytest.raises(AggregatorError, match=fault) as caught:
        _mail(wrong, told)
    assert "\n" not in str(caught.value)
    assert "guessed" not in str(caught.value)
    assert "guessed" not in repr(wrong)


def test_a_login_that_is_right_is_taken(box: Box, mail: Mail) -> None:
    known = Mail(mail.host, mail.port, mail.sender, "desk", "right", Security.NONE)
    _mail(known, letter(article(), known))
    assert len(box.letters) == 1


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_a_login_and_a_letter_go_encrypted(box: Box, known: ssl.SSLContext, security: Security) -> None:
    at_once = security is Security.TLS
    encrypted = {"at_once": known} if at_once else {"tls_context": known, "require_starttls": True}
    with served(
        box, **encrypted, auth_require_tls=not at_once
    ) as port:  # aiosmtpd knows of its own TLS alone
        desk = Mail("127.0.0.1", port, "wire@harbour.example", "desk", "right", security)
        _mail(desk, letter(article(), desk))
    assert len(box.letters) == 1


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_a_stranger_in_the_servers_place_gets_neither(box: Box, security: Security) -> None:
    stranger = shown_by(trustme.CA())
    encrypted = {"at_once": stranger} if security is Security.TLS else {"tls_context": stranger}
    with served(box, **encrypted) as port:
        desk = Mail("127.0.0.1", port, "wire@harbour.example", "desk", "right", security)
        with pytest.raises(AggregatorError, match="certificate verify failed"):
            _mail(desk, letter(article(), desk))
    assert not box.letters
