"""Puts real pages behind feeds on loopback, polls them with the shipped program, and scores its database.

``python -m bench.pages DIR [--out FILE] [--profile]``: DIR holds index.jsonl ({set, id, domain, html_path,
gold}), the gzipped pages and the set's own scorer, score.py. The feeds carry a title and a link and nothing
else; a title is the gold one where there is one, which the program may use, so the scores of titles flatter.
The pages' hosts are loopback addresses: rules of single outlets (``data/sites.toml``) do not apply. Agencies
have a column of their own and are no authors here. Exit status 1 when an entry ends without an article, or
with a poorer text than its page's and no reason.
"""

from __future__ import annotations

import argparse
import json
import re
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from xml.sax.saxutils import escape

import yaml

from bench.loopback import Loopback, Served
from bench.program import Program, needed
from bench.rooms import profile_poll

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_HTML = "text/html"
#: Numbers and addresses in a reason; without them equal reasons are counted together.
_PARTICULARS = re.compile(r"https?://\S+|\d+")

Key = tuple[str, str]  # set and id


def main() -> None:
    """Reads the arguments, serves, polls, checks, scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--out", type=Path, help="leave the predictions there")
    parser.add_argument("--profile", action="store_true", help="also show where the time goes, by rooms")
    asked = parser.parse_args()
    lines = needed(asked.directory / "index.jsonl").read_text("utf8").splitlines()
    rows = [json.loads(line) for line in lines]
    with tempfile.TemporaryDirectory() as temporary:
        out = asked.out or Path(temporary) / "predictions.jsonl"
        with ExitStack() as stack:
            wire = Wire(stack, asked.directory, rows)
            faults, stored = poll_pages(wire, Path(temporary))
            if asked.profile:
                program = Program(Path(temporary) / "feeds.yaml", Path(temporary) / "profiled.db")
                print(f"  where the time goes: {profile_poll(program)}")
        out.write_text("".join(json.dumps(_prediction(each)) + "\n" for each in stored), "utf8")
        print("\nThe set's own score of the database:", flush=True)
        score = subprocess.run([sys.executable, asked.directory / "score.py", out], check=False)
    sys.exit(1 if faults or score.returncode else 0)


class Wire:
    """A feed for each set of pages, each set on a loopback address of its own."""

    def __init__(self, stack: ExitStack, directory: Path, rows: list[dict[str, Any]]) -> None:
        sets: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in rows:
            sets[row["set"]].append(row)
        self.servers: dict[str, Loopback] = {}
        self.pages: dict[str, Key] = {}  # by URL
        for number, (name, members) in enumerate(sorted(sets.items()), 2):
            self.servers[name] = stack.enter_context(Loopback(f"127.0.0.{number}"))
            self._serve(name, directory, members)

    def _serve(self, name: str, directory: Path, rows: list[dict[str, Any]]) -> None:
        server, items = self.servers[name], []
        for row in rows:
            path = f"/{name}/{quote(row['id'], safe='')}"
            page = (directory / row["html_path"]).read_bytes()
            server.served[path] = Served(page, _HTML, encoding="gzip")
            self.pages[server.base + path] = name, row["id"]
            title = escape(row["gold"].get("title") or row["domain"])
            items.append(f"<item><title>{title}</title><link>{escape(server.base + path)}</link></item>")
        feed = f'<rss version="2.0"><channel><title>{name}</title>{"".join(items)}</channel></rss>'
        server.served["/feed.xml"] = Served(feed.encode())

    def feeds_yaml(self) -> str:
        """A feeds.yaml of all sets."""
        feeds = [{"url": f"{server.base}/feed.xml", "name": name} for name, server in self.servers.items()]
        return yaml.safe_dump({"defaults": {"pages": "always", "spacing": "0s"}, "feeds": feeds})

    def asked(self) -> Counter[str]:
        """How often each page was asked for since the last call."""
        paths = (server.base + each.path for server in self.servers.values() for each in server.take_asked())
        return Counter(url for url in paths if url in self.pages)


@dataclass(frozen=True, slots=True)
class Stored:
    """An entry as it ended in the database, with its article and the raw page kept behind it."""

    key: Key
    fault: str | None
    article: Mapping[str, Any] | None
    raw: bool

    @property
    def wrong(self) -> str | None:
        """What a user could not explain; None when all is well."""
        if self.article is None:
            return "without an article"
        from_page = self.article["text_basis"] == "page"
        if from_page and (not self.article["body"] or not self.raw):
            return "a page's article without its text or raw page"
        return None if from_page or self.fault else "a poorer text than the page's without a reason"


def poll_pages(wire: Wire, folder: Path) -> tuple[int, list[Stored]]:
    """Polls all, prints what came of it; how many entries ended wrongly, and all entries."""
    (folder / "feeds.yaml").write_text(wire.feeds_yaml(), "utf8")
    program = Program(folder / "feeds.yaml", folder / "pages.db")
    finished = program.poll()
    asked = wire.asked()
    stored = _stored(program.db, wire.pages)
    print(f"{len(wire.pages)} pages served, {len(stored)} entries stored, {_articles(program.db)} articles")
    new, cost = finished.summary["new_articles"], finished.cpu_ms / len(stored)
    print(f"  poll: {new} new articles, {cost:.1f} ms of CPU for each page, the program's start included")
    _print_counts("by text basis and extractor", (_basis(each) for each in stored))
    _print_counts(
        "page faults by reason", (_PARTICULARS.sub("…", each.fault) for each in stored if each.fault)
    )
    wrong = [each.wrong for each in stored if each.wrong]
    _print_counts("entries that ended wrongly", wrong)
    program.poll()
    again = wire.asked()
    twice = sum(count > 1 for count in asked.values())
    print(f"  asked: {asked.total()} pages, {twice} of them twice; at the next poll: {again.total()}")
    return len(wrong) + len(wire.pages) - len(stored) + twice + again.total(), stored


def _stored(db: Path, pages: Mapping[str, Key]) -> list[Stored]:
    with closing(sqlite3.connect(db)) as conn:
        conn.row_factory = sqlite3.Row
        articles = {row["id"]: dict(row) for row in conn.execute("SELECT * FROM articles")}
        raw = {row[0] for row in conn.execute("SELECT article_id FROM pages")}
        entries = conn.execute("SELECT url, article_id, page_error FROM entries").fetchall()
    return [Stored(pages[url], fault, articles.get(number), number in raw) for url, number, fault in entries]


def _articles(db: Path) -> int:
    with closing(sqlite3.connect(db)) as conn:
        return int(conn.execute("SELECT count(*) FROM articles").fetchone()[0])


def _basis(stored: Stored) -> str:
    article = stored.article or {}
    return f"{article.get('text_basis')}, {article.get('extractor')}"


def _print_counts(what: str, things: Iterable[str]) -> None:
    counts = Counter(things)
    print(f"  {what}:{'' if counts else ' none'}")
    for thing, count in counts.most_common():
        print(f"    {count:5} {thing}")


def _prediction(stored: Stored) -> dict[str, object]:
    """The scorer's record of one entry; the dateline is put back, since the gold has texts as printed."""
    key = {"set": stored.key[0], "id": stored.key[1]}
    article = stored.article
    if article is None or article["text_basis"] != "page":
        return {**key, "body": []}
    body = f"{article['dateline'] or ''} {article['body'] or ''}".strip()
    return {
        **key,
        "title": article["headline"],
        "deck": article["deck"],
        "authors": article["byline"],
        "published": article["published_at"],
        "body": body.split("\n\n"),
        "image": article["image_url"],
        "lang": article["language"],
    }


if __name__ == "__main__":
    main()
