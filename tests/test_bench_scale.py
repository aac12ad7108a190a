"""The bench of engines, on a few pages of our own: rows are compared, and ratios come out of its rounds."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

from conftest import BAKERS, FERRY, page

from bench import scale

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_few_pages_are_read_alike_on_every_engine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = []
    for number, texts in enumerate((FERRY, BAKERS)):
        name = f"{number}.html.gz"
        (tmp_path / name).write_bytes(gzip.compress(page(f"Page {number}", *texts)))
        rows.append(json.dumps({"domain": f"outlet-{number}.example", "html_path": name}))
    (tmp_path / "index.jsonl").write_text("\n".join(rows), "utf8")
    scale.main([str(tmp_path), "--pages", "12", "--rounds", "1"])
    said = capsys.readouterr().out.splitlines()
    assert [line.rpartition(":")[0] for line in said] == [
        "round 1",
        "dask 2 beside dask 1",
        "processes:2 beside processes:1",
        "dask 2 beside processes:2",
        "processor, dask 2 beside processes:2",
        "the same rows on every engine",
    ]
    assert said[-1].endswith(": yes, 12 versions")
