"""``alerts:`` and ``mail:`` of feeds.yaml → ``Alert``s and ``Mail``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

from aggregator.config.nodes import (
    FaultError,
    Page,
    Reader,
    matching,
    mentions,
    read_mapping,
    read_secret,
    read_text,
    read_truth,
    scalar,
)
from aggregator.model import Alert, Mail, Relation, Security, Target
from aggregator.urls import web_url

if TYPE_CHECKING:
    from collections.abc import Collection

_NAME = re.compile(r"[\w][\w.:-]{0,79}")
_ADDRESS = re.compile(r"[^\s@,<>\"]{1,64}@[^\s@,<>\"]{1,255}")
_SERVER = re.compile(r"(?P<host>[\w.-]{1,255}|\[[0-9A-Fa-f:]{2,45}\])(?::(?P<port>\d{1,5}))?")
_PORTS = {Security.TLS: 465, Security.STARTTLS: 587, Security.NONE: 25}  # RFC 8314, RFC 6409, RFC 5321
_MOST_ALERTS = 1_000

#: The filters of `query` that an alert may have; each holds one value or a list.
FILTERS = ("feed", "agency", "outlet", "place", "section", "lang", "tag", "relation")


def read_alerts(node: yaml.Node, page: Page) -> list[tuple[yaml.Node, dict[str, Any]]]:
    """What each alert says; whether it can be is seen when all is read."""
    if not isinstance(node, yaml.SequenceNode) or len(node.value) > _MOST_ALERTS:
        raise FaultError(f"must be a list of alerts, each with name, query and to; {_MOST_ALERTS} at most")
    found = []
    for index, item in enumerate(node.value):
        said = read_mapping(item, f"alerts[{index}]", _ALERT_KEYS, page)
        found.append((item, said))
        for key in ("name", "to"):
            if isinstance(item, yaml.MappingNode) and not mentions(item, key):
                page.fault(item, f"alerts[{index}].{key}", "missing")
    return found


def read_mail(node: yaml.Node, page: Page) -> Mail | None:
    """How e-mail is sent; None when that is wrong."""
    said = read_mapping(node, "mail", _MAIL_KEYS, page)
    if isinstance(node, yaml.MappingNode):
        for key in ("server", "from"):
            if not mentions(node, key):
                page.fault(node, f"mail.{key}", "missing")
    if "server" not in said or "from" not in said:
        return None
    security = said.get("security", Security.STARTTLS)
    host, port = said["server"]
    if said.get("password") and security is Security.NONE:
        page.fault(node, "mail.security", "none would send the password readable; write tls or starttls")
    return Mail(
        host, port or _PORTS[security], said["from"], said.get("user"), said.get("password"), security
    )


def checked_alerts(top: dict[str, Any], feeds: Collection[str], page: Page) -> tuple[Alert, ...]:
    """The alerts, each name once, asking for something, of feeds there are, to where can be sent."""
    alerts: dict[str, Alert] = {}
    for index, (node, said) in enumerate(top.get("alerts") or []):
        if "name" not in said or "to" not in said:
            continue
        alert = _alert(said)
        fault = _fault_of(alert, feeds, mail=top.get("mail") is not None)
        if alert.name in alerts:
            page.fault(node, f"alerts[{index}].name", f"'{alert.name}' is that of another alert too")
        elif fault:
            page.fault(node, f"alerts[{index}].{fault[0]}", fault[1])
        alerts.setdefault(alert.name, alert)
    return tuple(alerts.values())


def _alert(said: dict[str, Any]) -> Alert:
    to, address = said["to"]
    return Alert(
        said["name"],
        said.get("query") or "",
        tuple((name, said[name]) for name in FILTERS if said.get(name)),
        to,
        address,
        said.get("secret"),
        said.get("allow_private") or False,
    )


def _fault_of(alert: Alert, feeds: Collection[str], *, mail: bool) -> tuple[str, str] | None:
    if not alert.words and not alert.filters:
        return "query", "asks for everything; write words or a filter"
    unknown = [each for each in dict(alert.filters).get("feed", ()) if each not in feeds]
    if unknown:
        return "feed", f"no feed is named '{unknown[0]}'"
    if alert.to is Target.MAIL and not mail:
        return "to", "e-mail needs to know how it is sent: write mail: with server and from"
    if alert.secret and alert.to is not Target.WEBHOOK:
        return "secret", "signs what a webhook gets; this alert goes elsewhere"
    return None


def _target(node: yaml.Node, page: Page) -> tuple[Target, str]:
    given = (scalar(node) or "").strip()
    if given == "stdout":
        return Target.STDOUT, ""
    scheme, _, rest = given.partition(":")
    if scheme == "file" and rest:
        return Target.FILE, str(page.folder / rest)
    if scheme == "mailto" and all(_ADDRESS.fullmatch(each.strip()) for each in rest.split(",")):
        return Target.MAIL, ",".join(each.strip() for each in rest.split(","))
    url = read_secret(given, page)
    if web_url(url) is None or len(url.split()) > 1:
        raise FaultError("is none of stdout, file:PATH, an http(s) URL, mailto:ADDRESS")
    return Target.WEBHOOK, url


def _one_or_more(node: yaml.Node, _: Page) -> tuple[str, ...]:
    nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
    return tuple(text.strip() for text in map(scalar, nodes) if text and text.strip())


def _relations(node: yaml.Node, page: Page) -> tuple[str, ...]:
    found = _one_or_more(node, page)
    wrong = [each for each in found if each not in tuple(Relation)]
    if wrong:
        raise FaultError(f"'{wrong[0]}' is none of {', '.join(Relation)}")
    return found


def _secret(node: yaml.Node, page: Page) -> str | None:
    value = scalar(node)
    return read_secret(value, page) if value else None


def _server(node: yaml.Node, _: Page) -> tuple[str, int | None]:
    value = scalar(node) or ""
    found = _SERVER.fullmatch(value)
    if not found or int(found["port"] or 1) not in range(1, 65_536):
        raise FaultError(f"'{value[:80]}' is not a server; write smtp.example.org or smtp.example.org:587")
    return found["host"].strip("[]"), int(found["port"]) if found["port"] else None


def _security(node: yaml.Node, _: Page) -> Security:
    value = scalar(node)
    try:
        return Security(str(value))
    except ValueError:
        raise FaultError(f"'{value}' is none of {', '.join(Security)}") from None


_ALERT_KEYS: dict[str, Reader] = {
    "name": matching(_NAME, "is not a name: letters, digits, '.', ':', '_' and '-', at most 80"),
    "query": read_text,
    **dict.fromkeys(FILTERS, _one_or_more),
    "relation": _relations,
    "to": _target,
    "secret": _secret,
    "allow_private": read_truth,
}
_MAIL_KEYS: dict[str, Reader] = {
    "server": _server,
    "from": matching(_ADDRESS, "is not an address, such as wire@example.org"),
    "user": _secret,
    "password": _secret,
    "security": _security,
}
