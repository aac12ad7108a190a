"""Takes the pictures of the documentation: plays the demo, browses it, and photographs the pages.

``python -m bench.pictures`` needs the dependency group ``browser`` and a Chromium; docs/pictures/ gets them.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aggregator import query
from aggregator.model import Relation
from aggregator.query import Filter

_FOLDER = Path("docs/pictures")
_WIDE = {"width": 1100, "height": 760}
_NARROW = {"width": 390, "height": 760}


def main() -> None:
    """Plays, browses, photographs."""
    with TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "aggregator", "demo"], cwd=folder, check=True)
        database = Path(folder, "demo.db")
        command = [sys.executable, "-m", "aggregator", "--db", str(database), "browse", "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                _take(_first_line(server).rstrip("/"), _pages(database))
            finally:
                server.terminate()


def _first_line(server: subprocess.Popen[str]) -> str:
    return server.stdout.readline().strip() if server.stdout else ""


def _pages(database: Path) -> dict[str, str]:
    """Name of the picture → path of the page."""
    with closing(query.open_read_only(database)) as conn:
        found = list(query.articles(conn, Filter(limit=0)))
    copied = next(each.story_id for each in found if each.relation == Relation.COPY)
    changed = max(found, key=lambda each: each.versions)
    return {
        "news": "/",
        "story": f"/-/story/{copied}",
        "versions": f"/-/story/{changed.story_id}#versions",
        "feeds": "/-/feeds",
        "map": "/-/map",
        "charts": "/-/charts",
    }


def _take(base: str, pages: dict[str, str]) -> None:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 (only who takes pictures has it)

    _FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"), args=["--no-sandbox"]
        )
        for name, path in pages.items():
            _picture(browser, base + path, _FOLDER / f"{name}.png", "light", _WIDE)
        _picture(browser, base, _FOLDER / "phone-dark.png", "dark", _NARROW)
        browser.close()


def _picture(browser: Any, url: str, path: Path, scheme: str, size: dict[str, int]) -> None:  # noqa: ANN401 (playwright may be absent)
    context = browser.new_context(viewport=size, color_scheme=scheme)
    page = context.new_page()
    page.goto(url)
    page.screenshot(path=path)
    print(f"{path}: {path.stat().st_size // 1024} KB")
    context.close()


if __name__ == "__main__":
    main()
