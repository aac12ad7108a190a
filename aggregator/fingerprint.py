"""By what two texts are known to be the same. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aggregator.text import count_words, digest, normal_form

if TYPE_CHECKING:
    from aggregator.model import Article

#: Shorter bodies (flashes, result lines) collide by chance: headline and place must be equal too.
_OWN_WORDS = 30


def text_hash(article: Article) -> bytes:
    """The digest of the words a version shows: headline, deck and body; typography does not count."""
    return digest(*map(normal_form, (article.headline, article.deck, article.body)))


def body_hash(article: Article) -> bytes | None:
    """The digest under which an equal text of another outlet is found; None when there is no text to compare.

    The headline does not count, since outlets write their own; with a short body it does, and the place too.
    """
    if not article.paragraphs:
        return None
    body = normal_form(article.body)
    if count_words(article.body) >= _OWN_WORDS:
        return digest(body)
    place = article.dateline.place if article.dateline else None
    return digest(body, normal_form(article.headline), normal_form(place))
