"""Deliveries on their way: composed, sent, noted; those of one alert in their order, alerts side by side."""

from __future__ import annotations

import asyncio
import logging
import smtplib
import ssl
import sys
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from aggregator import query
from aggregator.alerts.messages import line_of, mail_of, message_id, message_of, signed
from aggregator.errors import AggregatorError, FetchError
from aggregator.model import Security, Target
from aggregator.store import alerts
from aggregator.store.rows import stamp

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from datetime import datetime
    from email.message import EmailMessage

    from aggregator.alerts.messages import Message
    from aggregator.fetch import Fetcher
    from aggregator.model import Alert, Config, Mail
    from aggregator.store import Store
    from aggregator.store.alerts import Delivery

log = logging.getLogger("aggregator")

#: Deliveries taken up at once; the rest stay due.
_AT_ONCE = 200
#: After a failure, doubled with each one more; all in all three days are tried.
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=6)
_MOST_TRIES = 22
_MAIL_TIMEOUT_S = 20.0
#: Of a file of messages so much is read to see what it ends with; the longest message takes a tenth of it.
_TAIL = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Post:
    """What deliveries are sent with."""

    config: Config
    fetcher: Fetcher
    clock: Callable[[], datetime]
    allow_private: bool = False


async def deliver(store: Store, post: Post) -> int:
    """Sends what is due; what fails is due again later, and holds up no other alert.

    Returns:
        How many were sent.

    Raises:
        StoreError: the database cannot be used.
    """
    by_name = {alert.name: alert for alert in post.config.alerts}
    with store.reading() as conn:
        due = alerts.due_deliveries(conn, by_name, post.clock(), _AT_ONCE)
    due.sort(key=lambda each: (each.alert, each.delivery_id))
    lines = [
        _deliver_line(store, post, by_name[name], list(line))
        for name, line in groupby(due, lambda each: each.alert)
    ]
    sent = await asyncio.gather(*lines, return_exceptions=True)
    for each in sent:
        if isinstance(each, BaseException):
            raise each
    return sum(each for each in sent if isinstance(each, int))


async def _deliver_line(store: Store, post: Post, alert: Alert, line: list[Delivery]) -> int:
    """The deliveries of one alert, until one fails; how many were sent."""
    sent = 0
    for delivery in line:
        message = _composed(store, delivery, post.clock())
        if message is None:
            continue
        try:
            await _send(post, alert, message)
        except AggregatorError as fault:
            _note_failure(store, delivery, fault, post.clock())
            return sent
        with store.transaction() as conn:
            alerts.record_sent(conn, delivery.delivery_id, post.clock())
        sent += 1
    return sent


def _composed(store: Store, delivery: Delivery, now: datetime) -> Message | None:
    """What is said now; None when nothing may be, which is noted."""
    with store.transaction() as conn:
        article = query.article(conn, delivery.article_id)
        why = None if article is None else _hindrance(conn, delivery, article.status)
        if article is None or why:
            alerts.end_delivery(conn, delivery.delivery_id, why or "the article is gone")
            return None
        if article.embargo_until and article.embargo_until > (stamp(now) or ""):
            alerts.wait_with(conn, delivery.delivery_id, article.embargo_until)
            return None
        earlier = alerts.earlier_deliveries(conn, delivery)
    ids = [message_id(delivery.alert, number, made_at) for number, made_at in earlier]
    return message_of(delivery, article, ids)


def _hindrance(conn: sqlite3.Connection, delivery: Delivery, status: str) -> str | None:
    """Why nothing is said after all."""
    if delivery.reason == "kill":
        return None if alerts.earlier_deliveries(conn, delivery) else "nothing of it had been sent"
    if status == "canceled":
        return "it was killed before it was sent"
    return None


def _note_failure(store: Store, delivery: Delivery, fault: AggregatorError, now: datetime) -> None:
    wish = fault.retry_after_s if isinstance(fault, FetchError) else None
    wait = max(min(_FIRST_WAIT * 2**delivery.tries, _LONGEST_WAIT), timedelta(seconds=wish or 0))
    log.warning("alert %s: delivery %d: %s", delivery.alert, delivery.delivery_id, fault)
    with store.transaction() as conn:
        alerts.retry_later(conn, delivery.delivery_id, now + wait, str(fault))
        if delivery.tries + 1 >= _MOST_TRIES:
            alerts.end_delivery(conn, delivery.delivery_id, f"given up after {_MOST_TRIES} tries: {fault}")


async def _send(post: Post, alert: Alert, message: Message) -> None:
    """Sends one message to where its alert says.

    Raises:
        AggregatorError: it was not taken; the text says why.
    """
    if alert.to is Target.WEBHOOK:
        body = line_of(message).encode()
        headers = signed(body, message["id"], post.clock(), alert.secret)
        private = alert.allow_private or post.allow_private
        await post.fetcher.post(alert.address, body, headers, allow_private=private)
    elif alert.to is Target.MAIL and post.config.mail:
        letter = mail_of(message, alert, post.config.mail, post.clock())
        await asyncio.to_thread(_mail, post.config.mail, letter)
    elif alert.to is Target.FILE:
        _append(Path(alert.address), message)
    else:
        _print(message)


def _print(message: Message) -> None:
    try:
        sys.stdout.write(line_of(message) + "\n")
        sys.stdout.flush()
    except OSError as fault:
        raise AggregatorError(f"standard output cannot be written: {fault.strerror}") from fault


def _append(path: Path, message: Message) -> None:
    """Adds a line, unless it is there; half a line that a crash left is taken away first."""
    try:
        with path.open("a+b") as file:
            size = file.seek(0, 2)
            start = file.seek(max(0, size - _TAIL))
            tail = file.read()
            whole = tail.rfind(b"\n") + 1
            if whole < len(tail):
                file.truncate(start + whole)
            if f'"id": "{message["id"]}"'.encode() not in tail[:whole]:
                file.write(line_of(message).encode() + b"\n")
    except OSError as fault:
        raise AggregatorError(f"{path}: cannot be written: {fault.strerror}") from fault


def _mail(mail: Mail, letter: EmailMessage) -> None:
    """Hands an e-mail to the mail server (RFC 5321), the connection encrypted unless the user says none."""
    try:
        with _connected(mail) as server:
            if mail.security is Security.STARTTLS:
                server.starttls(context=ssl.create_default_context())
            if mail.user:
                server.login(mail.user, mail.password or "")
            server.send_message(letter)
    except smtplib.SMTPResponseException as fault:
        said = fault.smtp_error.decode("utf-8", "replace") if isinstance(fault.smtp_error, bytes) else ""
        first = said.partition("\n")[0][:120]  # some servers say nothing beside the number
        raise AggregatorError(f"{mail.host} answered {fault.smtp_code} {first}".rstrip()) from None
    except (smtplib.SMTPException, OSError, ValueError) as fault:
        reason = (str(fault) or type(fault).__name__).splitlines()[0][:160]
        raise AggregatorError(f"{mail.host} took no e-mail: {reason}") from None


def _connected(mail: Mail) -> smtplib.SMTP:
    if mail.security is Security.TLS:
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(mail.host, mail.port, timeout=_MAIL_TIMEOUT_S, context=context)
    return smtplib.SMTP(mail.host, mail.port, timeout=_MAIL_TIMEOUT_S)
