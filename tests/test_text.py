"""The normal form of a text, and what is counted and compared on it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.text import (
    count_words,
    digest,
    digest_bytes,
    fold_spaces,
    normal_form,
    one_line,
    paragraphs_of,
    word_changes,
    words_of,
)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("  Ferry\n\tturns\u00a0back ", "Ferry turns back"),
        ("Ferry &amp; bridge", "Ferry & bridge"),
        ("<b>Ferry</b> <i>turns</i>", "Ferry turns"),
        ("Tide < 3 m and > 1 m", "Tide < 3 m and > 1 m"),
        ("a\u200bb \ufeffc", "a b c"),
        ("bell\x07 escape\x1b[31m", "bell escape[31m"),
        ("lone \ud800 half", "lone half"),
        ("cafe\u0301", "café"),
        ("<p> </p>", None),
        ("   ", None),
        ("", None),
        (None, None),
    ],
)
def test_one_line(given: str | None, found: str | None) -> None:
    assert one_line(given) == found


def test_paragraphs_of_markup_end_at_blocks() -> None:
    markup = """
    <!-- a comment --><p>The ferry <b>left</b>
    at seven.</p><div>It came<br>back.</div><script>alert(1)</script><style>p {}</style>
    <ul><li>one</li><li>two &amp; a half</li></ul> tail <![CDATA[ hidden ]]>
    """
    assert paragraphs_of(markup) == (
        "The ferry left at seven.",
        "It came",
        "back.",
        "one",
        "two & a half",
        "tail",
    )


def test_paragraphs_of_plain_text_end_at_blank_lines() -> None:
    assert paragraphs_of("One\nline &amp; on.\n \nTwo.\n\n\n") == ("One line & on.", "Two.")
    assert paragraphs_of("") == ()


def test_words_inside_a_word_are_not_torn_apart() -> None:
    assert paragraphs_of("<p>un<b>believ</b>able</p>") == ("unbelievable",)


def test_markup_nested_without_end_is_walked_to_a_bound() -> None:
    deep = "<div>" * 5_000 + "deep" + "</div>" * 5_000
    assert paragraphs_of(f"<p>shown</p>{deep}<p>also shown</p>")[0] == "shown"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("“Ferry” — turns back!", '"ferry" - TURNS BACK'),
        ("straße", "STRASSE"),
        ("ﬁne ½", "fine 1⁄2"),
        ("２０２６", "2026"),
        ("a  b", "a\nb"),
    ],
)
def test_typography_and_case_are_no_part_of_the_normal_form(one: str, other: str) -> None:
    assert normal_form(one) == normal_form(other)


def test_a_changed_word_changes_the_normal_form() -> None:
    assert normal_form("forty passengers") != normal_form("fourteen passengers")
    assert normal_form(None) == normal_form("—") == ""


def test_digests_tell_borders_and_nothing_apart() -> None:
    every = [
        digest("ab", "c"),
        digest("a", "bc"),
        digest("abc"),
        digest("abc", ""),
        digest("abc", None),
        digest("", "abc"),
        digest(None, "abc"),
        digest(),
    ]
    assert len(set(every)) == len(every)
    assert {len(each) for each in every} == {16}
    assert digest("abc") == digest("abc")
    assert digest("\ud800")
    assert digest_bytes(b"abc") != digest_bytes(b"abd")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("The ferry — it left at 7:00.", 7),
        ("don't well-known", 2),
        ("東京の洪水", 5),
        ("Tokyo 東京", 3),
        ("— … !", 3),
        ("", 0),
        (None, 0),
    ],
)
def test_count_words(text: str | None, count: int) -> None:
    assert count_words(text) == count


def test_words_of_scripts_without_spaces_are_their_characters() -> None:
    assert words_of("東京 2026") == ["東", "京", "2026"]


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ("The ferry left.", "The ferry left.", (0, 0)),
        ("The ferry left.", "THE FERRY — left!", (0, 0)),
        ("The ferry left at seven.", "The ferry left at eight today.", (2, 1)),
        ("", "two words", (2, 0)),
        ("two words", None, (0, 2)),
        ("one two three", "three two one", (2, 2)),
    ],
)
def test_word_changes(old: str, new: str | None, changes: tuple[int, int]) -> None:
    assert word_changes(old, new) == changes


def test_changes_of_very_long_texts_are_counted_without_order() -> None:
    words = [f"word{number}" for number in range(5_000)]
    assert word_changes(" ".join(words), " ".join(reversed(words))) == (0, 0)
    assert word_changes(" ".join(words), " ".join([*words[1:], "new", "new"])) == (2, 1)


@given(st.text())
def test_any_text_folds_to_itself_once_folded(text: str) -> None:
    once = fold_spaces(text)
    assert fold_spaces(once) == once
    assert all(character.isprintable() or not character.isspace() for character in once)


@given(st.text(), st.text())
def test_what_one_way_adds_the_other_removes(old: str, new: str) -> None:
    added, removed = word_changes(old, new)
    assert word_changes(new, old)[0] >= 0
    assert len(words_of(new)) - added == len(words_of(old)) - removed >= 0


@pytest.mark.parametrize("piece", ["<", "<p", "&", "&#", "<a ", " ", "\n", "<!--", "a<b", "&amp;", "\x00"])
def test_a_long_odd_text_is_read_to_its_end(piece: str) -> None:
    # A rule that is not linear would be at it for hours.
    found = one_line(piece * 30_000 + " last words")
    assert found is not None
    assert len(found) <= len(piece) * 30_000 + 11


def test_texts_that_repeat_themselves_cost_no_more_than_their_length() -> None:
    assert word_changes("x " * 4_000, "x y " * 2_000) == (2_000, 2_000)


@pytest.mark.parametrize(
    "markup",
    [
        "<p>One.</p><p>Two <b>bold</b> &amp; plain.</p>",
        "Before<br/>after <em>it</em><div class='x'>inside</div>behind",
        "<ul><li>first<li>second</ul>",
        '<p>An <img src="a.png" alt="a > b"> picture</p>',
        "<P>Capitals</P>\n\n<FIGURE><figcaption>words</figcaption></FIGURE>",
        "<p>open <p>again",
    ],
)
def test_plain_markup_reads_as_the_parser_reads_it(markup: str) -> None:
    parsed = paragraphs_of(f"<!-- not plain -->{markup}")
    assert paragraphs_of(markup) == parsed
    assert parsed


@pytest.mark.parametrize(
    ("markup", "paragraphs"),
    [
        ("a </div> closed only", ("a closed only",)),
        ("3 < 4 <p>and</p>", ("3 < 4", "and")),
        ("<p>shown</p><script>alert(1)</script>", ("shown",)),
        ("<iframe src='x'>hidden</iframe><p>shown</p>", ("shown",)),
    ],
)
def test_other_markup_goes_through_the_parser(markup: str, paragraphs: tuple[str, ...]) -> None:
    assert paragraphs_of(markup) == paragraphs
