"""The word diff, and what must hold for any two texts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aggregator.diff import Change, diff_words

TEXTS = st.text(st.sampled_from(list("ab. \n中文ж")), max_size=60)


def shown(old: str | None, new: str | None) -> str:
    """``[-removed-]{+added+}``, as wdiff prints it."""
    marks = {Change.KEPT: "{}", Change.ADDED: "{{+{}+}}", Change.REMOVED: "[-{}-]"}
    return "".join(
        marks[stretch.change].format(stretch.text.strip() + " ") for stretch in diff_words(old, new)
    )


def test_changed_words_stand_beside_each_other() -> None:
    assert shown("It opens 40 shops.", "It opens 14 shops.") == "It opens [-40 -]{+14 +}shops. "


def test_whole_texts_appear_and_go() -> None:
    assert shown(None, "All of it.") == "{+All of it. +}"
    assert shown("All of it.", None) == "[-All of it. -]"
    assert diff_words(None, "") == ()


def test_what_replaces_stands_on_the_line_of_what_is_replaced() -> None:
    changes = diff_words("For the tide.\n\nIt came.", "For the hull.\n\nIt came.")
    assert [each.text for each in changes] == ["For the ", "tide. ", "hull.\n\n", "It came."]


def test_characters_are_words_where_no_spaces_are_written() -> None:
    assert shown("东京下雨", "东京下雪") == "东京下 [-雨 -]{+雪 +}"


def test_line_breaks_alone_are_no_change() -> None:
    assert [stretch.change for stretch in diff_words("one two", "one\n\ntwo")] == [Change.KEPT]


def test_repetitive_texts_are_compared_by_paragraph() -> None:
    old = "\n\n".join(f"{number} is a line of some words" for number in range(1_000))
    changes = diff_words(old, old.replace("500 is", "500 was"))
    assert [stretch.change for stretch in changes] == ["kept", "removed", "added", "kept"]
    assert changes[2].text.strip() == "500 was a line of some words"


def test_endless_repetition_costs_no_more_than_its_length() -> None:
    old, new = "x\n" * 20_000, "x\ny\n" * 10_000
    assert [stretch.change for stretch in diff_words(old, new)] == ["kept", "removed", "added"]
    assert shown("x\n" * 9_000 + "end", "x\n" * 9_000 + "y\nend").endswith("{+y +}end ")


@given(TEXTS, TEXTS)
def test_what_is_kept_and_added_is_the_new_text(old: str, new: str) -> None:
    changes = diff_words(old, new)
    kept = "".join(each.text for each in changes if each.change is not Change.REMOVED)
    assert kept.split() == new.split() or "".join(kept.split()) == "".join(new.split())
    removed = sum(len(each.text.split()) for each in changes if each.change is Change.REMOVED)
    assert removed or "".join(old.split()) in "".join(new.split()) or not old.split() or kept
