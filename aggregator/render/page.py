"""One article with all that is known about it: as text, as JSON, as an inert HTML page. Pure."""

from __future__ import annotations

import json
import textwrap
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from aggregator.diff import Change
from aggregator.render.cells import inert, json_text, label, one_line, sign_of, web_link

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from aggregator.diff import Stretch
    from aggregator.query.filter import ArticleRow, CoverageRow, JoinRow, QuoteRow, StoryRow, VersionRow

_WIDEST = 100
_STYLE = (
    "body{max-width:42em;margin:2em auto;padding:0 1em;font:1em/1.5 serif}"
    "table{border-collapse:collapse;font-size:.85em}td,th{padding:.2em .6em;text-align:left}"
    ".sign{color:#a00}.facts{color:#555}"
)

#: What the signs of a near text mean; aggregator/match/near.py says how each is measured.
_EVIDENCE = {
    "contained": "of the shorter text in the other",
    "numbers": "of its figures",
    "headline_most": "of one headline found",
    "headline_least": "of the other",
    "elsewhere": "in another story",
}
_BRACKETS = {Change.KEPT: ("", ""), Change.REMOVED: ("[-", "-]"), Change.ADDED: ("{+", "+}")}
#: Red and struck through, green and underlined (ECMA-48 §8.3.117): seen without colours too.
_COLORS = {
    Change.KEPT: ("", ""),
    Change.REMOVED: ("\x1b[31;9m", "\x1b[0m"),
    Change.ADDED: ("\x1b[32;4m", "\x1b[0m"),
}


@dataclass(frozen=True, slots=True)
class Page:
    """An article, its versions and quotations, and the story it belongs to."""

    article: ArticleRow
    story: StoryRow | None
    versions: tuple[VersionRow, ...]
    others: tuple[ArticleRow, ...]
    joins: tuple[JoinRow, ...]
    quotes: tuple[QuoteRow, ...]
    tags: tuple[str, ...]

    @property
    def coverage(self) -> tuple[CoverageRow, ...]:
        """The outlets of its story, in the order in which they had it."""
        return self.story.coverage if self.story else ()

    @property
    def killed(self) -> bool:
        """Whether only a tombstone may be shown."""
        return self.article.status == "canceled"

    @property
    def silent(self) -> bool:
        """Whether its text may not be shown: it was killed, or is held back."""
        return self.article.status != "usable"


def page_json(page: Page) -> str:
    """An object of ``article``, ``story``, ``versions``, ``copies``, ``joins``, ``coverage`` and so on."""
    found = {
        "article": page.article._asdict(),
        "story": _without_coverage(page.story) if page.story else None,
        "versions": [each._asdict() for each in page.versions],
        "copies": [_brief(each) for each in page.others],
        "joins": [each._asdict() for each in page.joins],
        "coverage": [each._asdict() for each in page.coverage],
        "quotes": [each._asdict() for each in page.quotes],
        "tags": page.tags,
    }
    return json_text(json.dumps(found, ensure_ascii=False, indent=1)) + "\n"


def _without_coverage(story: StoryRow) -> dict[str, object]:
    return {name: value for name, value in story._asdict().items() if name != "coverage"}


def page_text(page: Page, width: int) -> str:
    """The article as plain text, its lines at most ``width`` long."""
    blocks = [
        *_head(page),
        *_text(page, min(width, _WIDEST)),
        *_versions(page),
        *_story(page),
        *_coverage(page),
        *_quotes(page),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def page_html(page: Page) -> str:
    """The article as a page that runs nothing and loads nothing."""
    article = page.article
    title = escape(_title(article))
    head = (
        '<!doctype html>\n<html><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" '
        f"content=\"default-src 'none'; style-src 'unsafe-inline'\"><title>{title}</title>"
        f"<style>{_STYLE}</style></head>\n<body>\n"
    )
    return head + "\n".join(_html(page)) + "\n</body></html>\n"


def changes_text(changes: Iterable[Stretch], *, color: bool) -> str:
    """A word diff: ``[-removed-]`` and ``{+added+}`` as git writes them, or in colours."""
    styles = _COLORS if color else _BRACKETS
    text = ""
    for each in changes:
        before, after = styles[each.change]
        words = inert(each.text)
        kept = words.rstrip()
        if text and not text[-1].isspace():
            text += " "
        text += f"{before}{kept}{after}"
        text += "" if each.change is Change.REMOVED else words[len(kept) :]
    return text


def tombstone(article: ArticleRow) -> str:
    """What is shown of an article that was killed or is held back."""
    if article.status == "withheld":
        until = f"under embargo until {article.embargo_until}" if article.embargo_until else "on hold"
        return f"This article is {until}; its text is stored and not shown."
    mark = f" ({one_line(article.mark)})" if article.mark else ""
    return f"This article was killed{mark}; its text must not be used and has been removed."


def _head(page: Page) -> Iterator[str]:
    article = page.article
    if page.silent:
        yield tombstone(article)
    else:
        yield "\n".join(filter(None, [_title(article), one_line(article.deck or "")]))
        yield one_line(article.byline or "")
    facts = {
        "id": article.id,
        "agency": article.agency,
        "outlet": article.outlet,
        "section": article.section,
        "dateline": article.dateline,
        "published": article.published_at,
        "updated": article.updated_at,
        "first seen": article.first_seen_at,
        "status": article.status,
        "relation": article.relation,
        "mark": article.mark,
        "slug": article.slug,
        "item id": article.item_id,
        "urgency": article.urgency,
        "embargo": article.embargo_until,
        "killed": article.origin_killed_at and f"its original, {article.origin_killed_at}",
        "page gone": article.gone_at,
        "url": article.url,
        "tags": ", ".join(page.tags),
        "picture": _picture(article),
        "text from": f"{article.text_basis} ({article.extractor})",
        "confidence": article.confidence is not None and f"{article.confidence:.2f}",
        "paywall": article.paywalled and "the page keeps its whole text for subscribers",
    }
    yield "\n".join(f"{name:<11}{one_line(str(value))}" for name, value in facts.items() if value)


def _picture(article: ArticleRow) -> str:
    """What stands under the picture, and whose it is."""
    credit = f"({article.image_credit})" if article.image_credit else ""
    return " ".join(filter(None, [article.image_caption, credit]))


def _text(page: Page, width: int) -> Iterator[str]:
    if page.silent:
        return
    for paragraph in (page.article.body or "").split("\n\n"):
        yield textwrap.fill(one_line(paragraph), width) if paragraph else ""
    yield one_line(page.article.credit or "")


def _versions(page: Page) -> Iterator[str]:
    lines = ["Versions"]
    for each in page.versions:
        sign = label(each.relation, "usable", each.mark) or each.relation
        words = f"+{each.words_added} -{each.words_removed}"
        lines.append(
            f"{each.number:>4}  {each.seen_at}  {sign:<14}  {words}  {one_line(each.headline or '')}"
        )
    yield "\n".join(lines)


def _story(page: Page) -> Iterator[str]:
    if not page.others or page.story is None:
        return
    lines = [f"Story {page.story.id}: {page.story.articles} articles, {page.story.outlets} outlets"]
    for each in page.others:
        lines.append(f"  {each.id}  {_brief_line(each)}")
        lines += [f"      {_why(join)}" for join in page.joins if join.article_id == each.id]
    lines += [f"  this one: {_why(join)}" for join in page.joins if join.article_id == page.article.id]
    yield "\n".join(lines)


def _coverage(page: Page) -> Iterator[str]:
    """The outlets in the order in which they had the story, and between which polls each got it."""
    if len(page.coverage) < 2:
        return
    lines = ["Who had it when"]
    for each in page.coverage:
        after = each.had_after or "…"
        share = "" if each.verbatim is None else f"  {each.verbatim:.0%} word for word"
        lines.append(f"  {after:<20} to {each.had_by}  {each.outlet or '?'}{share}")
    yield "\n".join(lines)


def _quotes(page: Page) -> Iterator[str]:
    lines = [
        f"  {one_line(each.speaker or '?')} ({one_line(each.cue or each.rule)}): {one_line(each.text)}"
        for each in page.quotes
    ]
    if lines:
        yield "\n".join(["Quotes", *lines])


def _title(article: ArticleRow) -> str:
    sign = sign_of(article)
    headline = one_line(article.headline or "(no headline)")
    return f"{sign}: {headline}" if sign else headline


def _brief(article: ArticleRow) -> dict[str, object]:
    names = ("id", "relation", "status", "mark", "outlet", "agency", "published_at", "headline", "url")
    return {name: getattr(article, name) for name in names}


def _brief_line(article: ArticleRow) -> str:
    when = article.published_at or article.first_seen_at
    return f"{when}  {article.relation:<10}  {article.outlet or '?'}  {_title(article)}"


def _why(join: JoinRow) -> str:
    undone = f", undone {join.undone_at}" if join.undone_at else ""
    because = f" ({_evidence(join.evidence)})" if join.evidence else ""
    return f"joined to {join.other_article_id} by {inert(join.rule)}, score {join.score:g}{because}{undone}"


def _evidence(stored: str) -> str:
    """The shares a join was judged by, in words."""
    shares = json.loads(stored)
    return ", ".join(f"{words} {shares[name]:.0%}" for name, words in _EVIDENCE.items() if name in shares)


def _html(page: Page) -> Iterator[str]:
    article = page.article
    sign = sign_of(article)
    if sign:
        yield f'<p class="sign">{escape(sign)}</p>'
    if page.silent:
        yield f"<p>{escape(tombstone(article))}</p>"
    else:
        yield f"<h1>{escape(one_line(article.headline or '(no headline)'))}</h1>"
        yield from (
            f"<p><em>{escape(one_line(each))}</em></p>" for each in (article.deck, article.byline) if each
        )
    yield f'<p class="facts">{escape(_facts(article))}{_html_link(article)}</p>'
    if not page.silent:
        yield from (f"<p>{escape(one_line(each))}</p>" for each in (article.body or "").split("\n\n") if each)
    yield _html_rows(
        "Versions", [(each.seen_at, each.relation, each.headline or "") for each in page.versions]
    )
    if page.others:
        yield _html_rows("Story", [(str(each.id), each.relation, _title(each)) for each in page.others])


def _facts(article: ArticleRow) -> str:
    facts = (article.agency, article.outlet, article.dateline, article.published_at or article.first_seen_at)
    return " · ".join(one_line(each) for each in facts if each)


def _html_link(article: ArticleRow) -> str:
    link = web_link(article.url)
    return f' · <a rel="noopener noreferrer nofollow" href="{escape(link)}">source</a>' if link else ""


def _html_rows(title: str, rows: list[tuple[str, ...]]) -> str:
    cells = ("".join(f"<td>{escape(one_line(cell))}</td>" for cell in row) for row in rows)
    return f"<h2>{title}</h2><table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"
