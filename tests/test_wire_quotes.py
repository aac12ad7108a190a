"""Quotations and their speakers."""

from typing import Any

import pytest

from aggregator.wire.agencies import read_data
from aggregator.wire.quotes import read_quotes

EXAMPLES = [
    (language, example)
    for language, row in read_data("quotes.toml").items()
    for example in row.get("examples", ())
]


@pytest.mark.parametrize(
    ("language", "example"),
    EXAMPLES,
    ids=[f"{language}-{number}" for number, (language, _) in enumerate(EXAMPLES)],
)
def test_every_example_is_read_as_it_says(language: str, example: dict[str, Any]) -> None:
    (quote,) = read_quotes((example["text"],), language)
    assert (quote.text, quote.speaker, quote.cue) == (example["quote"], example["speaker"], example["cue"])


def test_a_pronoun_is_the_person_who_was_the_subject_last() -> None:
    quotes = read_quotes(
        (
            "Mayor Tom Reed opened the bridge with Nora Quill.",
            '"It took us nine years to build," he said. "It will stand for ninety."',
            "Reed thanked the masons.",
            '"They never missed a day," he added.',
        ),
        "en",
    )
    assert [(quote.paragraph, quote.speaker, quote.rule) for quote in quotes] == [
        (1, "Tom Reed", "pronoun"),
        (1, "Tom Reed", "carried"),
        (3, "Tom Reed", "pronoun"),
    ]


def test_a_surname_is_written_out() -> None:
    (quote,) = read_quotes(("Tom Reed came late.", '"The train was slow again," Reed explained.'), "en")
    assert (quote.speaker, quote.cue, quote.rule) == ("Tom Reed", "Reed explained", "surname")


def test_names_inside_quotations_are_not_speakers() -> None:
    quotes = read_quotes(('Mayor Tom Reed spoke. "Nora Quill is right about it," he said.',), "en")
    assert [quote.speaker for quote in quotes] == ["Tom Reed"]


@pytest.mark.parametrize(
    "text",
    [
        'The so-called "war on crumbs" began.',
        'He read "The Long Loaf" twice.',
        '"No speaker is named anywhere here."',
        'An unclosed "mark stays',
        '""""""',
        "",
    ],
)
def test_what_is_no_attributed_quotation(text: str) -> None:
    assert read_quotes((text,), "en") == ()


def test_a_language_without_rules_has_no_quotations() -> None:
    assert read_quotes(('"Leipä on kärsivällisyyttä", hän sanoi.',), "fi") == ()
    assert read_quotes(('"Bread is patience," she said.',), None) == ()


@pytest.mark.parametrize(
    ("text", "speaker"),
    [
        ('"The oven is cold," Nora Quill, a baker from Mills Creek, said.', "Nora Quill"),
        ('Speaking in New York, Nora Quill said: "The oven is cold."', "Nora Quill"),
        ('"The oven is cold," Nora Quill reportedly told friends.', "Nora Quill"),
        ('"The oven is cold," the ministry said.', None),
        ('"The oven is cold," they said.', None),
    ],
)
def test_the_subject_names_the_speaker(text: str, speaker: str | None) -> None:
    (quote,) = read_quotes((text,), "en")
    assert quote.speaker == speaker


def test_a_long_clause_before_the_verb_is_no_speaker() -> None:
    text = 'Later, some friends excited by the Navy shared a film with words that said: "The oven is."'
    assert read_quotes((text,), "en") == ()


def test_a_german_noun_is_no_name() -> None:
    (quote,) = read_quotes(("„Der Ofen ist schon lange kalt“, sagte der Müller.",), "de")
    assert (quote.speaker, quote.rule) == (None, "unnamed")


def test_german_titles_are_known_by_their_ends() -> None:
    (quote,) = read_quotes(("„Der Ofen ist schon lange kalt“, sagte Marktforscherin Eva Kranz.",), "de")
    assert quote.speaker == "Eva Kranz"


def test_a_quotation_goes_on_in_the_next_paragraph() -> None:
    quotes = read_quotes(
        (
            'Mayor Tom Reed spoke. "We have stone," he said. "We have wood, too.',
            '"And we have nine years.',
            '"It is enough."',
            '"This one is nobody\'s, it seems."',
        ),
        "en",
    )
    assert [(quote.paragraph, quote.text, quote.speaker) for quote in quotes] == [
        (0, "We have stone,", "Tom Reed"),
        (0, "We have wood, too.", "Tom Reed"),
        (1, "And we have nine years.", "Tom Reed"),
        (2, "It is enough.", "Tom Reed"),
    ]


def test_a_short_quotation_hands_its_speaker_on() -> None:
    (quote,) = read_quotes(('Mayor Tom Reed spoke. "No," he said. "We will not close it."',), "en")
    assert (quote.text, quote.speaker) == ("We will not close it.", "Tom Reed")


def test_he_is_nobody_who_was_she() -> None:
    quotes = read_quotes(
        (
            "Tom Reed and the town disagree. Nora Quill runs the mill.",
            '"It is my mill," she said. "It stays."',
            '"It is our river after all," he said.',
        ),
        "en",
    )
    assert [quote.speaker for quote in quotes] == ["Nora Quill", "Tom Reed"]
