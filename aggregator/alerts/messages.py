"""What is said of an article, as JSON and as e-mail, and how a webhook's message is signed. Pure."""

from __future__ import annotations

import hmac
import json
from base64 import b64decode, b64encode
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from aggregator.printable import safe_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from aggregator.model import Alert, Mail
    from aggregator.query import ArticleRow
    from aggregator.store.alerts import Delivery

_LONGEST_SUMMARY, _LONGEST_SUBJECT = 600, 200
#: What is said of an article; of a killed one only what names it.
_SAID = (
    "url", "outlet", "agency", "section", "mark", "headline", "deck", "byline", "place", "language",
    "published_at", "updated_at", "first_seen_at", "status",
)  # fmt: skip
_OF_KILLED = ("url", "outlet", "agency", "section", "mark", "published_at", "updated_at", "status")

Message = dict[str, Any]


def message_of(delivery: Delivery, article: ArticleRow, earlier: Sequence[str] = ()) -> Message:
    """What is said of an article; nothing of a killed text.

    Args:
        delivery: why.
        article: as it is now.
        earlier: the ids of what was sent of the same story before.
    """
    killed = article.status == "canceled"
    said = {name: getattr(article, name) for name in (_OF_KILLED if killed else _SAID)}
    summary = {} if killed else {"summary": _summary(article)}
    head = {
        "id": message_id(delivery.alert, delivery.delivery_id, delivery.made_at),
        "alert": delivery.alert,
        "reason": delivery.reason,
        "at": delivery.made_at,
        "article_id": article.id,
        "story_id": article.story_id,
        "version": delivery.version,
    }
    return head | said | summary | {"earlier": list(earlier)}


def message_id(alert: str, delivery_id: int, made_at: str) -> str:
    """The id by which a receiver knows a message that comes twice."""
    return str(uuid5(NAMESPACE_URL, f"aggregator:alert:{alert}:{delivery_id}:{made_at}"))


def line_of(message: Message) -> str:
    """The message as a line of JSON (https://jsonlines.org)."""
    return json.dumps(message, ensure_ascii=False).replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def signed(body: bytes, message_id: str, now: datetime, secret: str | None) -> dict[str, str]:
    """The headers of a webhook's message, as in https://www.standardwebhooks.com.

    The signature is HMAC-SHA256 over ``id.timestamp.body``; a receiver refuses an old timestamp. A secret
    that begins with ``whsec_`` is base64, any other is taken as it stands.
    """
    timestamp = str(int(now.timestamp()))
    headers = {"webhook-id": message_id, "webhook-timestamp": timestamp, "content-type": "application/json"}
    if secret:
        content = f"{message_id}.{timestamp}.".encode() + body
        digest = hmac.digest(_key(secret), content, "sha256")
        headers["webhook-signature"] = f"v1,{b64encode(digest).decode()}"
    return headers


def mail_of(message: Message, alert: Alert, mail: Mail, now: datetime) -> EmailMessage:
    """The message as plain text, with an id of its own, marked as sent by a program (RFC 3834)."""
    letter = EmailMessage()
    letter["Subject"] = _subject(message)
    letter["From"] = mail.sender
    letter["To"] = alert.address
    letter["Date"] = format_datetime(now)
    domain = make_msgid(domain=mail.sender.rpartition("@")[2]).rpartition("@")[2]
    letter["Message-ID"] = f"<{message['id']}@{domain}"
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content("\n".join(_lines(message)))
    return letter


def _key(secret: str) -> bytes:
    if secret.startswith("whsec_"):
        try:
            return b64decode(secret.removeprefix("whsec_"), validate=True)
        except ValueError:
            pass
    return secret.encode()


def _summary(article: ArticleRow) -> str | None:
    first = (article.body or "").partition("\n\n")[0]
    return first if len(first) <= _LONGEST_SUMMARY else f"{first[: _LONGEST_SUMMARY - 1]}…"


def _subject(message: Message) -> str:
    sign = message["mark"] or ("" if message["reason"] in ("new", "match") else message["reason"].upper())
    headline = message.get("headline") or f"article {message['article_id']}"
    text = f"[{message['alert']}] {sign}{': ' if sign else ''}{headline}"
    return safe_line(text)[:_LONGEST_SUBJECT]


def _lines(message: Message) -> list[str]:
    if message["reason"] == "kill":
        first = "The agency withdraws this article; its text must not be used."
    else:
        first = message["headline"] or ""
    where = ", ".join(filter(None, (message.get("place"), message["agency"], message["outlet"])))
    said = (
        first,
        message.get("deck"),
        where,
        message["published_at"],
        message["url"],
        "",
        message.get("summary"),
        "",
        f"aggregator show {message['article_id']}",
    )
    return [safe_line(each) for each in said if each is not None]
