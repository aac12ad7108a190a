"""What the class, id and role of an element say it is for. Pure."""

from __future__ import annotations

import functools
import re
from collections import defaultdict

_BORDER = r"\b"
#: Patterns by the kind of thing that names with them speak of, the telling ones anywhere, short ones between
#: borders. Each begins with a letter; of those that begin alike the first counts.
_WORDS = {
    "related":  # other articles
    r"relat recirc recommend more-?(?:from|on|in|stor|news|link) read-?(?:more|also|next|on) "
    r"also-?read see-?also trending popular most-?(?:read|view|pop|recent) further "
    r"next-?(?:art|post|stor|up) outbrain taboola latest similar crosslink leia-?mais liste "
    r"\blinks?\b linkbox aufmacher",
    "promo":  # asks for something
    r"promo teaser newsletter subscri sign-?up donat paywall piano premium abo-?\b \bcta\b "
    r"call-to-action campaign marketing offer membership support-us \bcards?\b",
    "share":  # buttons to pass it on
    r"share sharing social facebook twitter whatsapp addthis sociable follow bookmark",
    "comment":  # readers' words
    r"comment disqus kommentar reply respond discuss forum",
    "media":  # pictures and their lines
    r"caption credit gallery galeri slideshow carousel video photo image picture figure \bimg media "
    r"player audio podcast \bfoto legende \balt\b",
    "author":  # who wrote it
    r"author autor byline contributor writer \bbio\b profile avatar vcard reporter",
    "meta":  # when and how
    r"\bmeta dateline \bdate \btime publish posted timestamp info(?:s|bar|line)?\b details "
    r"entry-(?:meta|footer|header|utility)",
    "tags":  # subjects
    r"\btags?\b taglist tag-?(?:list|cloud|links) \btopics? breadcrumb keyword categor crumb themen",
    "advert":  # for sale
    r"\bads?\b advert sponsor banner dfp anzeige affiliate outstream shop deal",
    "chrome":  # the page's frame
    r"\bnav menu footer header masthead side-?bar toolbar pagination pager skip search login cookie "
    r"consent popup modal overlay toplist \brail aside secondary sticky drop-?down \btabs?",
    "notice":  # small print
    r"copyright disclaimer \blegal correction notice \bnote\b license hinweis footnote reference",
    "factbox":  # asides
    r"\bfact info-?box \bbox\b explainer sidebox key-?(?:point|fact|takeaway) summary-?box inset "
    r"pull-?quote highlight embed tweet quote-?",
    "lead":  # the deck
    r"\blead standfirst \bdeck \bdek\b sub-?(?:head|title) summary excerpt abstract intro "
    r"teaser-?text description chapo sommario vorspann ingress perex synopsis",
    "title":  # the headline
    r"\btitle headline heading kicker overline rubric",
    "hidden":  # not to be seen
    r"hidden visually sr-only screen-?reader no-?print print-only invisible collapse",
    "copy":  # the text
    r"article-*(?:body|content|text|copy|paragraph|main) story-*(?:body|content|text) entry-?content "
    r"post-*(?:body|content|entry|text) body-*(?:content|text|copy) rich-?text paragraph \bprose\b "
    r"main-?content text-*(?:block|body|content|long) \bcontent\b \btext\b \bbody\b wysiwyg",
}
#: Readers' comments and consent dialogs: never the article's, however much copy they hold.
_FOREIGN = re.compile(
    r"""
    \bcomments?-?(?:area|list|section|thread|wrap|container|body|content|box|s\b) | \bcomments\b
    | disqus | \brespond\b | kommentare
    | cookie | consent | onetrust | gdpr | didomi | usercentrics | ccpa | \bcky- | \bcmp\b
    | privacy-?(?:manager|center|dialog)
    """,
    re.VERBOSE,
)


@functools.lru_cache(maxsize=8192)
def hints_of(names: str) -> frozenset[str]:
    """The kinds of things that an element's names speak of."""
    return frozenset().union(*map(_hints_of_name, names.split()))


@functools.lru_cache(maxsize=16384)
def _hints_of_name(name: str) -> frozenset[str]:
    """Of one name: no pattern reaches beyond it, and the same names come with others around them."""
    begun, kinds = _patterns()
    starts = [found.start() for found in begun.finditer(name)]
    return frozenset([str(found.lastgroup) for at in starts if (found := kinds[name[at]].match(name, at))])


@functools.cache
def _patterns() -> tuple[re.Pattern[str], dict[str, re.Pattern[str]]]:
    """One that finds all words, and one for those of each first letter, in groups by kind.

    One pattern of all words in groups takes five times as long: each group is tried at each letter.
    """
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for kind, words in _WORDS.items():
        for word in words.split():
            found[word.removeprefix(_BORDER)[0]][kind].append(word)
    kinds = {
        letter: re.compile("|".join(f"(?P<{kind}>{'|'.join(words)})" for kind, words in by_kind.items()))
        for letter, by_kind in found.items()
    }
    begun = (
        f"{letter}(?:{'|'.join(_rest(word, letter) for words in by_kind.values() for word in words)})"
        for letter, by_kind in found.items()
    )
    return re.compile("|".join(begun)), kinds


def _rest(word: str, letter: str) -> str:
    """What comes after a word's first letter, with the border before it."""
    bare = word.removeprefix(_BORDER)
    return (rf"(?<!\w{letter})" if bare != word else "") + bare[1:]


@functools.lru_cache(maxsize=8192)
def is_foreign(names: str) -> bool:
    """Whether an element by its names holds readers' comments or a consent dialog."""
    return any(map(_is_foreign_name, names.split()))


@functools.lru_cache(maxsize=16384)
def _is_foreign_name(name: str) -> bool:
    return bool(_FOREIGN.search(name))
