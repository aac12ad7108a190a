"""Quotations with their speakers, by the words of quotes.toml. Pure.

A quotation is kept when the text says who speaks: by a cue behind (``he said``), before (``Reed said:``),
or because it goes on where an attributed one stopped. A pronoun is who spoke, or was the subject, last.
"""

from __future__ import annotations

import functools
import itertools
import re
from dataclasses import dataclass, field

from aggregator.model import Quote
from aggregator.wire.agencies import read_data
from aggregator.wire.names import UPPER, Mention, NameWords, mentions_of, name_words

#: Quotations of fewer words are phrases, not speech.
_LEAST_WORDS = 3
#: Characters of a text that are looked at: 8,000 words, more than all but special reports.
_REACH = 50_000
#: Quotations of a paragraph; more are a table or an attack.
_MOST_QUOTES = 60
#: A cue stands within this much of the quotation's end or start.
_CUE_REACH = 240
_LANGUAGES = ("en", "ru", "es", "fr", "de", "it", "pt")

#: Quotation marks as printed; an opening mark inside ends the search, which keeps it linear.
_QUOTED = re.compile(
    r"\"(?P<a>[^\"\n]{1,4000})\""
    r"|“(?P<b>[^“”\n]{1,4000})”"
    r"|«\s?(?P<c>[^«»\n]{1,4000}?)\s?»"
    r"|„(?P<d>[^„“”\"\n]{1,4000})[“”\"]"
)
_OPENING_MARKS = '"“«„'
_LAST_SENTENCE = re.compile(
    r"(?:^|[.!?…]['\"”»)]*\s)(?P<last>[^.!?…\"“”«»]{2,240}(?:[.](?=[^\s])[^.!?…\"“”«»]{1,80})?)$"
)


@dataclass(frozen=True, slots=True)
class _Voice:
    """How a language attributes, compiled."""

    after: tuple[re.Pattern[str], ...]
    before: re.Pattern[str]
    pronouns: frozenset[str]
    names: NameWords
    starts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Span:
    """A quoted stretch of a paragraph."""

    start: int  # of the opening mark
    end: int  # behind the closing mark
    text: str


@dataclass(slots=True)
class _Talk:
    """Who is known and who spoke last, while a text is walked."""

    people: dict[str, str] = field(default_factory=dict)  # surname to full name
    current: str | None = None  # the last speaker or subject


@functools.cache
def _voice(language: str) -> _Voice | None:
    data = read_data("quotes.toml")
    if language not in _LANGUAGES or language not in data:
        return None
    row, shared = data[language], data["shared"]
    verbs = "|".join(sorted((v.strip() for v in row["verbs"].split("|")), key=len, reverse=True))
    verbs = verbs.replace(" ", r"\s")
    small = " ".join(data["shared"]["not_names"].split() + _sentence_words(language))
    names = name_words(row["titles"], small, shared["particles"])
    return _Voice(
        _after_patterns(row, verbs, names),
        _before_pattern(row, verbs),
        frozenset(row["pronouns"].split()),
        names,
        tuple(row["before"].split()),
    )


def _sentence_words(language: str) -> list[str]:
    """Small words that are capitalised at the start of a sentence."""
    return str(read_data("languages.toml")["words"].get(language, "")).split()


def _after_patterns(row: dict[str, str], verbs: str, names: NameWords) -> tuple[re.Pattern[str], ...]:
    """What may follow a closing mark, the surest first."""
    lead = r"\s?[,.]?\s?(?:[-–—]\s?)?"
    pronoun = "|".join(row["pronouns"].split())
    before = "|".join(re.escape(word) for word in row["before"].split())
    adverb = rf"(?:(?:{row['adverbs']})\s)?"
    verb = rf"(?P<verb>{verbs})\b"
    name = names.run.pattern
    noun = rf"(?:(?:{before})(?:\s|(?<=['’])))?(?:[^\W{UPPER}\d_][\w’'-]{{1,25}},?\s){{0,6}}?{name}"
    patterns = [rf"(?P<subject>{pronoun})\s{adverb}{verb}", rf"{verb}\s{adverb}(?P<subject>{pronoun})\b"]
    if row.get("glued"):
        patterns.append(row["glued"])
    patterns.append(rf"{verb}\s{adverb}(?P<subject>(?=(?:{before})\b|[{UPPER}]){noun})")
    patterns.append(rf"{verb}\s(?P<subject>(?:{before})\s[\w’'-]{{2,30}})\b")
    if row.get("order") != "verb_first":
        lazy = rf"(?=(?:{before})\b|[{UPPER}])[^\"“”«».;:!?\n]{{1,120}}?"
        patterns.append(rf"(?P<subject>{lazy}(?:\.[^\"“”«».;:!?\n]{{1,60}}?){{0,2}})\s{adverb}{verb}")
    if row.get("dropped"):
        patterns.append(verb)
    return tuple(re.compile(rf"{lead}(?P<cue>{pattern})") for pattern in patterns)


def _before_pattern(row: dict[str, str], verbs: str) -> re.Pattern[str]:
    """A sentence that announces a quotation: subject, verb, and at its end a colon or comma."""
    return re.compile(
        rf"(?P<cue>(?P<subject>\S.{{0,160}}?)\s(?:(?:{row['adverbs']})\s)?(?P<verb>{verbs}))\b[^:\n]{{0,100}}[:,]\s?$"
    )


def read_quotes(paragraphs: tuple[str, ...], language: str | None = None) -> tuple[Quote, ...]:
    """The attributed quotations of a text, in order.

    Args:
        paragraphs: of the body, without the dateline.
        language: ISO 639-1; quotations are read in en, ru, es, fr, de, it and pt.
    """
    voice = _voice((language or "")[:2].lower())
    if voice is None:
        return ()
    texts = _within_reach(paragraphs)
    spans = [_spans(text) for text in texts]
    if not any(spans):
        return ()
    talk = _Talk(_people(texts, spans, voice))
    return tuple(
        quote
        for index, text in enumerate(texts)
        for quote in _quotes_of_paragraph(index, text, spans[index], talk, voice)
    )


def _within_reach(paragraphs: tuple[str, ...]) -> list[str]:
    texts, left = [], _REACH
    for text in paragraphs:
        if left <= 0:
            break
        texts.append(text[:left])
        left -= len(text) + 1
    return texts


def _spans(text: str) -> list[_Span]:
    return [
        _Span(found.start(), found.end(), next(group for group in found.groups() if group is not None))
        for found in itertools.islice(_QUOTED.finditer(text), _MOST_QUOTES)
    ]


def _narration(text: str, spans: list[_Span]) -> str:
    """The text with its quotations blanked out, at the same indexes."""
    pieces, end = [], 0
    for span in spans:
        pieces += [text[end : span.start], '"' * (span.end - span.start)]
        end = span.end
    return "".join([*pieces, text[end:]])


def _people(texts: list[str], spans: list[list[_Span]], voice: _Voice) -> dict[str, str]:
    """Every name of two or more words by its last word; titled ones and early ones first."""
    people: dict[str, str] = {}
    titled: dict[str, str] = {}
    for text, quoted in zip(texts, spans, strict=True):
        for mention in mentions_of(_narration(text, quoted), voice.names):
            if len(mention.words) > 1:
                known = titled if mention.titled else people
                known.setdefault(mention.words[-1], mention.name)
    return people | titled


def _quotes_of_paragraph(
    index: int, text: str, spans: list[_Span], talk: _Talk, voice: _Voice
) -> list[Quote]:
    narration = _narration(text, spans)
    quotes: list[Quote] = []
    end = 0
    for span in spans:
        _hear(narration[end : span.start], talk, voice)
        quote = _attributed(index, span, narration, talk, voice) or _carried(index, span, text, quotes)
        if quote and len(span.text.split()) >= _LEAST_WORDS:
            quotes.append(quote)
            talk.current = quote.speaker or talk.current
        end = span.end
    _hear(narration[end:], talk, voice)
    return quotes


def _hear(narration: str, talk: _Talk, voice: _Voice) -> None:
    """Takes the last person who opens a sentence, or whom a title names, as the one spoken of."""
    for mention in mentions_of(narration, voice.names):
        full = talk.people.get(mention.words[-1])
        if full and (mention.opens or mention.titled or talk.current is None):
            talk.current = full


def _attributed(index: int, span: _Span, narration: str, talk: _Talk, voice: _Voice) -> Quote | None:
    after = narration[span.end : span.end + _CUE_REACH]
    if not span.text.rstrip().endswith(".") or after.lstrip().startswith(","):
        for pattern in voice.after:
            found = pattern.match(after)
            if found:
                return _quote(index, span, found, talk, voice)
    return _announced(index, span, narration, talk, voice)


def _announced(index: int, span: _Span, narration: str, talk: _Talk, voice: _Voice) -> Quote | None:
    """By the sentence before the opening mark, when the quotation is a sentence of its own."""
    if not span.text[:1].isupper():
        return None
    last = _LAST_SENTENCE.search(narration[max(0, span.start - _CUE_REACH) : span.start])
    found = voice.before.match(last["last"]) if last else None
    return _quote(index, span, found, talk, voice) if found else None


def _carried(index: int, span: _Span, text: str, quotes: list[Quote]) -> Quote | None:
    """The speaker of the quotation before it, when the next sentence goes on in quotation marks."""
    between = text[: span.start].rstrip()
    if not quotes or not between.endswith((".", "!", "?")) or not span.text[:1].isupper():
        return None
    return Quote(span.text.strip(), index, quotes[-1].speaker, None, "carried")


def _quote(index: int, span: _Span, found: re.Match[str], talk: _Talk, voice: _Voice) -> Quote:
    subject = found.groupdict().get("subject")
    speaker, rule = _speaker(subject, talk, voice)
    return Quote(span.text.strip(), index, speaker, found["cue"].strip(), rule)


def _speaker(subject: str | None, talk: _Talk, voice: _Voice) -> tuple[str | None, str]:
    """Who a subject is, and by which rule: named, surname, pronoun, dropped or unnamed."""
    if subject is None:
        return talk.current, "dropped"
    if subject.lower() in voice.pronouns:
        return talk.current, "pronoun"
    mentions = list(mentions_of(subject, voice.names))
    if not mentions:
        return None, "unnamed"
    mention = _best(mentions, talk)
    full = talk.people.get(mention.words[-1], mention.name)
    return full, "named" if full == mention.name else "surname"


def _best(mentions: list[Mention], talk: _Talk) -> Mention:
    """The person we know already, else the last one named."""
    return next((m for m in reversed(mentions) if m.words[-1] in talk.people), mentions[-1])
