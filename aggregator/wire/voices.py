"""How languages say who speaks: the rows of quotes.toml, compiled. Pure."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from aggregator.wire.agencies import read_data
from aggregator.wire.names import UPPER, NameWords, name_words

LANGUAGES = ("en", "ru", "es", "fr", "de", "it", "pt")


@dataclass(frozen=True, slots=True)
class Voice:
    """How a language attributes."""

    after: tuple[re.Pattern[str], ...]  # what may follow a closing mark, the surest first
    before: re.Pattern[str]  # a sentence that announces a quotation
    pronouns: tuple[str, ...]  # of one person; of men and women by turns
    others: frozenset[str]  # of several, or of the speaker
    names: NameWords
    starts: frozenset[str]  # small words that open a subject
    nouns_are_capitals: bool  # as in German: a capital alone makes no name


@functools.cache
def load_voice(language: str) -> Voice | None:
    """The rules of a language (ISO 639-1); None when quotes.toml has none."""
    if language not in LANGUAGES:
        return None
    data = read_data("quotes.toml")
    row, shared = data[language], data["shared"]
    verbs = "|".join(sorted((verb.strip() for verb in row["verbs"].split("|")), key=len, reverse=True))
    verbs = verbs.replace(" ", r"\s")
    small = " ".join([*shared["not_names"].split(), *_sentence_words(language)])
    names = name_words(row["titles"], row.get("title_endings", ""), small, shared["particles"])
    return Voice(
        _after_patterns(row, verbs, names),
        _before_pattern(row, verbs),
        tuple(row["pronouns"].split()),
        frozenset(row["others"].split()),
        names,
        frozenset(row["before"].split()),
        bool(row.get("title_endings")),
    )


def _sentence_words(language: str) -> list[str]:
    """Small words, which are capitalised at the start of a sentence."""
    return str(read_data("languages.toml")["words"].get(language, "")).split()


def _after_patterns(row: dict[str, str], verbs: str, names: NameWords) -> tuple[re.Pattern[str], ...]:
    lead = r"\s?[,.]?\s?(?:[-–—]\s?)?"
    pronoun = "|".join([*row["pronouns"].split(), *row["others"].split()])
    before = "|".join(re.escape(word) for word in row["before"].split())
    adverb = rf"(?:(?:{row['adverbs']})\s)?"
    verb = rf"(?P<verb>{verbs})\b"
    opens = rf"(?=(?:{before})\b|[{UPPER}])"
    noun = (
        rf"(?:(?:{before})(?:\s|(?<=['’])))?"  # the
        rf"(?:[^\W{UPPER}\d_][\w’'-]{{1,25}},?\s){{0,6}}?"  # ministry's spokesman
        rf"{names.run.pattern}"  # Tom Reed
    )
    patterns = [rf"(?P<subject>{pronoun})\s{adverb}{verb}", rf"{verb}\s{adverb}(?P<subject>{pronoun})\b"]
    patterns += [row["glued"]] if row.get("glued") else []
    patterns.append(rf"{verb}\s{adverb}(?P<subject>{opens}{noun})")
    patterns.append(rf"{verb}\s(?P<subject>(?:{before})\s[\w’'-]{{2,30}})\b")
    if row.get("order") != "verb_first":
        run = r"[^\"“”«».;:!?\n]"
        patterns.append(rf"(?P<subject>{opens}{run}{{1,120}}?(?:\.{run}{{1,60}}?){{0,2}})\s{adverb}{verb}")
    patterns += [verb] if row.get("dropped") else []
    return tuple(re.compile(rf"{lead}(?P<cue>{pattern})") for pattern in patterns)


def _before_pattern(row: dict[str, str], verbs: str) -> re.Pattern[str]:
    """Subject and verb, and at the end a colon or comma."""
    adverb = rf"(?:(?:{row['adverbs']})\s)?"
    cue = rf"(?P<cue>(?P<subject>\S.{{0,160}}?)\s{adverb}(?P<verb>{verbs}))\b"
    return re.compile(rf"{cue}[^:\n]{{0,100}}[:,]\s?$")
