"""Quotations with their speakers, by the words of quotes.toml. Pure.

A quotation is kept when the text says who speaks: by a cue behind (``he said``), before (``Reed said:``),
or because it goes on where an attributed one stopped, also in the next paragraph. A pronoun is who spoke,
or was the subject, last.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field

from aggregator.model import Quote
from aggregator.wire.names import Mention, mentions_of
from aggregator.wire.places import is_city
from aggregator.wire.voices import Voice, load_voice

#: Quotations of fewer words are phrases, not speech.
_LEAST_WORDS = 3
#: Characters of a text that are looked at: 8,000 words, more than all but special reports.
_REACH = 50_000
#: Quotations of a paragraph; more are a table or an attack.
_MOST_QUOTES = 60
#: A subject without a name ("the minister", "two of the bakers") is no longer.
_NOUN_WORDS = 5
#: A cue stands within this much of the quotation's end or start.
_CUE_REACH = 240

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
class _Span:
    """A quoted stretch of a paragraph."""

    start: int  # of the opening mark
    end: int  # behind the closing mark
    text: str
    unclosed: bool = False


@dataclass(frozen=True, slots=True)
class _Paragraph:
    """A paragraph with its quotations, and what may say of each of them who speaks."""

    text: str
    spans: list[_Span]
    cues: list[list[re.Match[str]]]  # of each quotation, the surest first


@dataclass(slots=True)
class _Talk:
    """Who is known and who spoke last, while a text is walked."""

    people: dict[str, str] = field(default_factory=dict)  # surname to full name
    current: str | None = None  # the last speaker or subject
    before: str | None = None  # and the one before
    sexes: dict[str, int] = field(default_factory=dict)  # by the pronouns they were given
    unclosed: str | None = None  # who speaks on in the next paragraph


def read_quotes(paragraphs: tuple[str, ...], language: str | None = None) -> tuple[Quote, ...]:
    """The attributed quotations of a text, in order.

    Args:
        paragraphs: of the body, without the dateline.
        language: ISO 639-1; quotations are read in en, ru, es, fr, de, it and pt.
    """
    voice = load_voice((language or "")[:2].lower())
    if voice is None:
        return ()
    texts = _within_reach(paragraphs)
    spans = [_spans(text, following) for text, following in itertools.pairwise([*texts, ""])]
    if not any(spans):
        return ()
    told = [_paragraph(text, quoted, voice) for text, quoted in zip(texts, spans, strict=True)]
    if not any(any(each.cues) for each in told):
        return ()
    mentioned = [_mentions(each, voice) for each in told]
    talk = _Talk(_people(mentioned))
    quotes: list[Quote] = []
    for index, (each, mentions) in enumerate(zip(told, mentioned, strict=True)):
        quotes += _quotes_of_paragraph(index, each, mentions, talk, voice)
    return tuple(quotes)


def _within_reach(paragraphs: tuple[str, ...]) -> list[str]:
    texts, left = [], _REACH
    for text in paragraphs:
        if left <= 0:
            break
        texts.append(text[:left])
        left -= len(text) + 1
    return texts


def _spans(text: str, following: str) -> list[_Span]:
    """The quotations of a paragraph; the last one is left open when the next paragraph opens with a mark."""
    found = itertools.islice(_QUOTED.finditer(text), _MOST_QUOTES) if _has_marks(text) else ()
    spans = [_Span(each.start(), each.end(), each[each.lastindex or 0]) for each in found]
    if following[:1] in _OPENING_MARKS and following:
        start = text.find(following[0], spans[-1].end if spans else 0)
        if start >= 0:
            spans.append(_Span(start, len(text), text[start + 1 :], unclosed=True))
    return spans


def _has_marks(text: str) -> bool:
    """Whether any opening mark is there: plain searches take a tenth of the pattern's time."""
    return any(mark in text for mark in _OPENING_MARKS)


def _paragraph(text: str, spans: list[_Span], voice: Voice) -> _Paragraph:
    """The paragraph, looked through for cues."""
    pieces, end = [], 0
    for span in spans:
        pieces += [text[end : span.start], '"' * (span.end - span.start)]
        end = span.end
    narration = "".join([*pieces, text[end:]])  # at the same indexes
    return _Paragraph(text, spans, [_cues(span, narration, voice) for span in spans])


def _cues(span: _Span, narration: str, voice: Voice) -> list[re.Match[str]]:
    """What stands behind a quotation as a cue may, and the sentence that announces it."""
    after = narration[span.end : span.end + _CUE_REACH]
    found = []
    if not span.text.rstrip().endswith(".") or after.lstrip().startswith(","):
        found = [cue for pattern in voice.after if (cue := pattern.match(after))] if after else []
    announced = _announced(span, narration, voice)
    return [*found, announced] if announced else found


def _announced(span: _Span, narration: str, voice: Voice) -> re.Match[str] | None:
    """The sentence before the opening mark, when the quotation is a sentence of its own."""
    before = narration[max(0, span.start - _CUE_REACH) : span.start]
    if not before.rstrip().endswith((":", ",")) or not span.text[:1].isupper():
        return None
    last = _LAST_SENTENCE.search(before)
    return voice.before.match(last["last"]) if last else None


def _mentions(paragraph: _Paragraph, voice: Voice) -> list[list[Mention]]:
    """Whom a paragraph mentions before each quotation and after the last one."""
    ends = [0, *(span.end for span in paragraph.spans)]
    starts = [*(span.start for span in paragraph.spans), len(paragraph.text)]
    pieces = (paragraph.text[end:start] for end, start in zip(ends, starts, strict=True))
    return [list(mentions_of(piece, voice.names)) for piece in pieces]


def _people(mentioned: list[list[list[Mention]]]) -> dict[str, str]:
    """Every name of two or more words by its last word; titled ones and early ones first."""
    people: dict[str, str] = {}
    titled: dict[str, str] = {}
    for mention in itertools.chain.from_iterable(piece for each in mentioned for piece in each):
        if len(mention.words) > 1:
            known = titled if mention.titled else people
            if mention.words[-1] not in known and not is_city(mention.name):
                known[mention.words[-1]] = mention.name
    return people | titled


def _quotes_of_paragraph(
    index: int, paragraph: _Paragraph, mentions: list[list[Mention]], talk: _Talk, voice: Voice
) -> list[Quote]:
    quotes: list[Quote] = []
    for span, cues, before in zip(paragraph.spans, paragraph.cues, mentions, strict=False):
        _hear(before, talk)
        told = (_quote(index, span, cue, talk, voice) for cue in cues)
        quote = next(filter(None, told), None) or _carried(index, span, paragraph.text, quotes, talk)
        if quote:
            quotes.append(quote)
            _turn_to(quote.speaker, talk)
    _hear(mentions[-1], talk)
    talk.unclosed = quotes[-1].speaker if quotes and paragraph.spans[-1].unclosed else None
    return [quote for quote in quotes if len(quote.text.split()) >= _LEAST_WORDS]


def _hear(mentions: list[Mention], talk: _Talk) -> None:
    """Takes the last person who opens a sentence, or whom a title names, as the one spoken of."""
    for mention in mentions:
        full = talk.people.get(mention.words[-1])
        if full and (mention.opens or mention.titled or talk.current is None):
            _turn_to(full, talk)


def _turn_to(speaker: str | None, talk: _Talk) -> None:
    if speaker and speaker != talk.current:
        talk.before, talk.current = talk.current, speaker


def _meant(pronoun: str, talk: _Talk, voice: Voice) -> str | None:
    """Whom a pronoun means: the last one, or the one before when the last one is of the other sex."""
    sex = voice.pronouns.index(pronoun) % 2
    fitting = (name for name in (talk.current, talk.before) if name and talk.sexes.get(name, sex) == sex)
    name = next(fitting, None)
    if name:
        talk.sexes[name] = sex
    return name


def _carried(index: int, span: _Span, text: str, quotes: list[Quote], talk: _Talk) -> Quote | None:
    """The speaker of the quotation before it, when the next sentence or paragraph goes on in marks."""
    between = text[: span.start].rstrip()
    if not between and talk.unclosed:
        return Quote(span.text.strip(), index, talk.unclosed, None, "carried")
    if not quotes or not between.endswith((".", "!", "?")) or not span.text[:1].isupper():
        return None
    return Quote(span.text.strip(), index, quotes[-1].speaker, None, "carried")


def _quote(index: int, span: _Span, found: re.Match[str], talk: _Talk, voice: Voice) -> Quote | None:
    """The quotation with its speaker; None when what stands before the verb is no subject."""
    groups = found.groupdict()
    subject = next(filter(None, map(groups.get, ("subject", "pronoun", "pronoun2"))), None)
    speaker, rule = _speaker(subject, talk, voice)
    if rule == "none":
        return None
    return Quote(span.text.strip(), index, speaker, found["cue"].strip(), rule)


def _speaker(subject: str | None, talk: _Talk, voice: Voice) -> tuple[str | None, str]:
    """Who a subject is, and by which rule: named, surname, pronoun, dropped, unnamed, or none."""
    if subject is None:
        return talk.current, "dropped"
    last = subject.split()[-1]
    if last.lower() in voice.pronouns:
        return _meant(last.lower(), talk, voice), "pronoun"
    if last.lower() in voice.others:
        return None, "unnamed"
    mention = _best(subject, talk, voice)
    if mention is None:
        return None, "unnamed" if len(subject.split()) <= _NOUN_WORDS else "none"
    full = talk.people.get(mention.words[-1], mention.name)
    return full, "named" if full == mention.name else "surname"


def _best(subject: str, talk: _Talk, voice: Voice) -> Mention | None:
    """The person of a subject: before an apposition the first one, else the last one; known ones first."""
    mentions = [mention for mention in mentions_of(subject, voice.names) if not is_city(mention.name)]
    apposed = subject.rstrip().endswith(",")
    if not mentions or not (apposed or mentions[-1].words[-1] in subject.rsplit(maxsplit=1)[-1]):
        return None
    if voice.nouns_are_capitals and subject.split(maxsplit=1)[0].lower() in voice.starts:
        mentions = [m for m in mentions if len(m.words) > 1 or m.words[-1] in talk.people]
    ordered = mentions if apposed else mentions[::-1]
    known = [mention for mention in ordered if mention.words[-1] in talk.people]
    return next(iter([*known, *ordered]), None)
