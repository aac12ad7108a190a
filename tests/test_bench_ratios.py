"""The ratios of the short form: what is worse than recorded, and what is measured once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.ratios import parts, twice_if_worse, worse

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_ratio_is_worse_beyond_noise_and_when_it_was_recorded() -> None:
    recorded = {"a": 1.0, "b": 0.2}
    assert worse({"a": 1.14, "b": 0.22, "new": 9.0}, recorded) == []
    assert worse({"a": 1.16, "b": 0.24}, recorded) == ["a", "b"]


def test_what_is_worse_is_measured_once_more_and_the_better_counts() -> None:
    turns = iter([{"a": 1.3, "b": 0.2}, {"a": 1.1, "b": 0.3}])
    assert twice_if_worse(lambda: next(turns), {"a": 1.0}) == {"a": 1.1, "b": 0.2}
    assert list(turns) == []


def test_what_is_as_recorded_is_measured_once() -> None:
    turns = iter([{"a": 1.1}, {"a": 9.0}])
    assert twice_if_worse(lambda: next(turns), {"a": 1.0}) == {"a": 1.1}
    assert len(list(turns)) == 1


def test_what_has_no_data_here_is_named_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert set(parts(tmp_path, tmp_path)) == {"start", "query"}
    assert "absent: feeds, pages, poll" in capsys.readouterr().err
    (tmp_path / "feeds").mkdir()
    assert "feeds" in parts(tmp_path, tmp_path)
