"""What a feed says of an entry → an article of the feed's own text. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aggregator.model import Article, TextBasis
from aggregator.text import count_words, fold_spaces, normal_form, one_line, paragraphs_of, with_plain_signs
from aggregator.urls import outlet_of

if TYPE_CHECKING:
    from aggregator.model import Entry, Feed

#: A text cut off by the feed: an ellipsis at its end, or an invitation to read on.
_CUT_OFF = re.compile(r"(?:\.\.\.|…|\[\.\.\.\]|\[…\]|&hellip;)[\s\])»”\"']{0,5}$")
#: That is no longer.
_CUT_REACH = 20
#: One paragraph of fewer words is a summary, whatever element it came in: full texts are longer.
_FULL_WORDS = 120


def extract_entry(entry: Entry, feed: Feed | None) -> Article:
    """The article as the feed alone tells it.

    The text is ``feed_full`` when the entry carries its whole text (see ``carries_full_text``), else the
    summary (``feed_summary``), else there is only the title.
    """
    content, summary = _paragraphs(entry.content), _paragraphs(entry.summary)
    basis, text = _best(content, summary)
    return Article(
        url=entry.url,
        headline=fold_spaces(entry.title or "") or None,  # plain text already: `<` is a word of it
        paragraphs=text,
        text_basis=basis,
        extractor=basis.value,
        outlet=outlet_of(entry.url),
        agency=feed.agency if feed else None,
        section=feed.section if feed else None,
        deck=_deck(summary, text),
        byline=one_line(entry.author),
        language=feed.language if feed else None,
        published_at=entry.published_at,
        updated_at=entry.updated_at,
        image_url=entry.image_url,
        tags=tags_of(entry, feed),
    )


def carries_full_text(entry: Entry) -> bool:
    """Whether the feed gives the entry's whole text, so that its page need not be fetched.

    It does when its content is not cut off by an ellipsis and has several paragraphs or many words,
    and is more than the summary said again.
    """
    return bool(entry.content) and _is_full(_paragraphs(entry.content), _paragraphs(entry.summary))


def _is_full(content: tuple[str, ...], summary: tuple[str, ...]) -> bool:
    if not content or any(map(_is_cut, content[-2:])):
        return False
    words = count_words(" ".join(content))
    if words < _FULL_WORDS and words <= count_words(" ".join(summary)):
        return False
    return words >= _FULL_WORDS or len(content) > 1


def tags_of(entry: Entry | None, feed: Feed | None, *more: str) -> tuple[str, ...]:
    """The keywords of entry, feed and page, each once, in that order."""
    told = (*(entry.tags if entry else ()), *(feed.tags if feed else ()), *more)
    return tuple({normal_form(tag): tag for tag in reversed(told)}.values())[::-1]


def _best(content: tuple[str, ...], summary: tuple[str, ...]) -> tuple[TextBasis, tuple[str, ...]]:
    if _is_full(content, summary):
        return TextBasis.FEED_FULL, content
    longest = max(content, summary, key=lambda text: sum(map(len, text)))
    return (TextBasis.FEED_SUMMARY, longest) if longest else (TextBasis.TITLE, ())


def _deck(summary: tuple[str, ...], text: tuple[str, ...]) -> str | None:
    """The summary, when it is other words than the text and its opening."""
    if not summary or summary == text or _is_cut(summary[-1]):
        return None
    deck = " ".join(summary)
    return None if _says(" ".join(text), deck) else deck


def _says(text: str, words: str) -> bool:
    """Whether words stand in a text, typography apart; letter for letter, as most do, it is seen at once."""
    plain = with_plain_signs(text)
    if plain.isascii() and with_plain_signs(words) in plain:
        return True
    return normal_form(words) in normal_form(text)


def _is_cut(paragraph: str) -> bool:
    return bool(_CUT_OFF.search(paragraph[-_CUT_REACH:]))


def _paragraphs(markup: str | None) -> tuple[str, ...]:
    return paragraphs_of(markup) if markup else ()
