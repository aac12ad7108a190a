"""What counts as a change of an entry's text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aggregator.model import Entry
from aggregator.parse import sight

ENTRY = Entry(
    guid="1", url=None, title="Ferry stops – wind rises", summary='<p class="a" id="b">Café shut</p>'
)


@pytest.mark.parametrize(
    "same",
    [
        replace(ENTRY, title="Ferry stops â€“ wind rises"),
        replace(ENTRY, title="Ferry stops - wind  rises"),
        replace(ENTRY, summary='<p id="b" class="a">CafÃ© shut</p>'),
        replace(ENTRY, url="https://wire.example/?utm_source=rss", tags=("sea",)),
    ],
)
def test_typography_and_markup_are_no_change_of_text(same: Entry) -> None:
    assert sight(same).digest == sight(ENTRY).digest


@pytest.mark.parametrize(
    "other",
    [
        replace(ENTRY, title="Ferry sails – wind rises"),
        replace(ENTRY, summary="<p>Café open</p>"),
        replace(ENTRY, content="<p>Café shut</p>"),
    ],
)
def test_a_changed_word_is_a_change_of_text(other: Entry) -> None:
    assert sight(other).digest != sight(ENTRY).digest
