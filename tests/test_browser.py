"""The pages in a real browser: keys, live news, payloads, accessibility.

Skipped where there is no browser, unless ``BROWSER_TESTS=required`` says that there must be one, as CI does.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from browsing import EVIL, add_article, fill, serving

from aggregator.store import Store

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
PACKAGES = ("playwright.sync_api", "axe_playwright_python.sync_playwright")
if os.environ.get("BROWSER_TESTS") == "required":
    assert CHROMIUM, "no Chromium is installed"
    sync_api, axe = (import_module(name) for name in PACKAGES)
else:
    sync_api, axe = (pytest.importorskip(name, reason=f"{name} is not installed") for name in PACKAGES)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGES = (
    "/", "/?page=2", "/?q=ferry", "/-/story/1000", "/-/story/3000", "/-/story/4000", "/-/article/2000",
    "/-/article/4000", "/-/feeds", "/-/charts", "/-/charts?period=30d", "/-/map", "/-/agency/tass",
    "/news", "/news/articles", "/news/articles/4000", "/news/who-ran-it?story=1000",
    "/news?sql=select+headline+from+articles",
)  # fmt: skip
OURS = ("/", "/-/story/1000", "/-/article/4000", "/-/feeds", "/-/charts", "/-/map")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("browser") / "news.db"
    fill(path)
    return path


@pytest.fixture(scope="module")
def base(database: Path) -> Iterator[str]:
    with serving(database) as client:
        yield str(client.base_url).rstrip("/")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(scope="module")
def recent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with news of the last hours, and of ten days ago."""
    path = tmp_path_factory.mktemp("recent") / "news.db"
    now = int(datetime.now(UTC).timestamp())
    with Store(path) as store, store.transaction() as conn:
        for hours, place in ((1, "OSLO"), (2, "OSLO"), (3, "МОСКВА"), (4, EVIL), (240, "LIMA")):
            number = (now - hours * 3_600) * 1_000
            add_article(
                conn, number, number, place=place, dateline=place, agency="ria" if hours > 2 else EVIL
            )
    with serving(path) as client:
        yield str(client.base_url).rstrip("/")


@contextmanager
def opened(browser: Any, base: str, **how: Any) -> Iterator[Any]:  # noqa: ANN401 (playwright may be absent)
    """A page whose faults are collected in ``page.faults``."""
    context = browser.new_context(base_url=base, **how)
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.faults = []
    page.on("console", lambda said: page.faults.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda fault: page.faults.append(str(fault)))
    page.on("dialog", lambda dialog: (page.faults.append("a dialog"), dialog.dismiss()))
    page.on("request", lambda asked: page.faults.extend(leaving(asked.url, base)))
    yield page
    context.close()


def follow(page: Any, link: str) -> None:  # noqa: ANN401
    """Clicks a link and waits until all of what it leads to is there."""
    with page.expect_navigation():
        page.click(link)


def leaving(url: str, base: str) -> list[str]:
    inside = urlsplit(url).netloc == urlsplit(base).netloc or url.startswith("data:")
    return [] if inside else [f"asked {url}"]


@pytest.mark.parametrize("path", PAGES)
def test_pages_load_without_faults_and_ask_nobody_else(browser: Any, base: str, path: str) -> None:  # noqa: ANN401
    with opened(browser, base) as page:
        assert page.goto(path).status == 200
        assert page.faults == []


@pytest.mark.parametrize("path", OURS)
def test_pages_fit_a_phone(browser: Any, base: str, path: str) -> None:  # noqa: ANN401
    with opened(browser, base, viewport={"width": 360, "height": 740}, color_scheme="dark") as page:
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_keys_walk_through_the_news(browser: Any, base: str) -> None:  # noqa: ANN401
    with opened(browser, base) as page:
        page.goto("/")
        headlines = page.locator("a.headline").all_text_contents()
        page.keyboard.press("j")
        page.keyboard.press("j")
        assert page.evaluate("document.activeElement.textContent") == headlines[1]
        page.keyboard.press("k")
        assert page.evaluate("document.activeElement.textContent") == headlines[0]
        page.keyboard.press("Enter")
        page.wait_for_url("**/-/story/*")
        page.keyboard.press("g")
        page.wait_for_url(f"{base}/")


def test_slash_goes_to_the_search(browser: Any, base: str) -> None:  # noqa: ANN401
    with opened(browser, base) as page:
        page.goto("/")
        page.keyboard.press("/")
        page.keyboard.type("sandbank j")
        assert page.input_value("#q") == "sandbank j"
        page.fill("#q", "sandbank")
        page.keyboard.press("Enter")
        page.wait_for_url("**/?q=sandbank")
        assert page.locator("a.headline").all_text_contents() == ["Ferry comes back"]


def test_news_that_comes_meanwhile_is_shown(browser: Any, base: str, database: Path) -> None:  # noqa: ANN401
    with opened(browser, base) as page:
        page.goto("/")
        page.keyboard.press("j")
        focused = page.evaluate("document.activeElement.textContent")
        with Store(database) as store, store.transaction() as conn:
            add_article(conn, 9_000, 9_000, headline="Seal on the slipway")
        page.evaluate("refresh()")
        page.wait_for_selector("li.fresh a:has-text('Seal on the slipway')")
        assert page.locator("a.headline").first.text_content() == "Seal on the slipway"
        assert page.text_content("#news-state") == "1 new"
        assert page.evaluate("document.activeElement.textContent") == focused


def test_from_the_front_page_to_what_a_copy_cut_in_three_clicks(browser: Any, base: str) -> None:  # noqa: ANN401
    with opened(browser, base) as page:
        page.goto("/?agency=tass")
        follow(page, "a.headline:has-text('Ferry comes back')")
        assert page.is_visible("td:has-text('45 min')")
        follow(page, "tr:has-text('copies.example') td a[href$='#cut']")
        assert "nobody on board was hurt" in page.text_content("#cut del")
        assert page.faults == []


def test_on_the_demo_wire_three_clicks_tell_who_ran_it_when_and_what_they_cut(
    browser: Any,  # noqa: ANN401
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-m", "aggregator", "demo"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=120, check=True)
    with serving(tmp_path / "demo.db") as client, opened(browser, str(client.base_url)) as page:
        page.goto("/")
        follow(page, "li:has(.outlets:text-matches('3 outlets')) a.headline")
        rows = page.locator("section[aria-labelledby=copies] tbody tr")
        assert rows.count() == 3
        for at in range(3):
            assert rows.nth(at).locator("td:first-child time").count() == 1
            assert rows.nth(at).locator("td:nth-child(3) time").count() >= 1  # by when it had the story
            assert rows.nth(at).locator("a.outlet").count() == 1
        assert page.locator(".timeline circle").count() == 3
        with page.expect_navigation():
            rows.nth(1).locator("a[href$='#cut']").click()
        assert page.is_visible("#cut .changes")
        assert "word for word" in page.text_content("#cut")
        assert page.faults == []


def test_everything_is_there_without_javascript(browser: Any, base: str) -> None:  # noqa: ANN401
    with opened(browser, base, java_script_enabled=False) as page:
        page.goto("/")
        page.fill("#q", "sandbank")
        follow(page, "form.search button")
        assert page.locator("a.headline").all_text_contents() == ["Ferry comes back"]
        follow(page, "a.headline")
        assert page.is_visible("h2:has-text('Who ran it')")
        assert page.is_visible("th:has-text('Had it')")
        assert page.is_visible("details[open] ins")


@pytest.mark.parametrize("scripts", [True, False])
def test_the_map_leads_to_places_by_keyboard_and_without_javascript(
    browser: Any,  # noqa: ANN401
    recent: str,
    scripts: bool,  # noqa: FBT001
) -> None:
    with opened(browser, recent, java_script_enabled=scripts) as page:
        page.goto("/-/map")
        dots = page.locator(".map svg a")
        labels = [dots.nth(at).get_attribute("aria-label") for at in range(dots.count())]
        assert labels == ["Oslo, Norway: 2", "Moscow, Russia: 1"]
        page.locator(".periods a").last.focus()
        for _ in range(2):  # past the link to the table
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_url("**/-/place/OSLO")
        assert page.locator("a.headline").count() == 2
        assert page.faults == []


def test_the_map_and_the_charts_show_the_period_that_is_asked_for(browser: Any, recent: str) -> None:  # noqa: ANN401
    with opened(browser, recent, color_scheme="dark") as page:
        page.goto("/-/map")
        follow(page, "a:has-text('30 days')")
        assert "Lima, Peru" in page.locator("#places + .wide th[scope=row]").all_text_contents()
        assert page.locator(".map circle").count() == 3
        follow(page, "a:has-text('Charts')")
        assert page.locator(".layers rect").count() == 4
        follow(page, "a:has-text('30 days')")
        assert page.locator(".layers rect").count() >= 3
        assert "2" in page.text_content("tr:has-text('script') .number")
        assert page.faults == []


def test_datasettes_own_scripts_still_work(browser: Any, base: str) -> None:  # noqa: ANN401
    with opened(browser, base) as page:
        page.goto("/news/articles")
        page.click("th.col-outlet svg")
        page.click("a.dropdown-facet")
        page.wait_for_url("**_facet=outlet**")
        assert page.is_visible("#facet-outlet")
        page.goto("/news")
        assert page.is_visible(".CodeMirror")
        assert page.faults == []


@pytest.mark.parametrize(
    ("path", "scheme"), [*((path, "light") for path in OURS), ("/", "dark"), ("/-/story/1000", "dark")]
)
def test_nothing_serious_is_in_the_way_of_anybody(browser: Any, base: str, path: str, scheme: str) -> None:  # noqa: ANN401
    with opened(browser, base, color_scheme=scheme) as page:
        page.goto(path)
        assert grave_faults(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_map_and_charts_are_in_nobodys_way_either(browser: Any, recent: str, scheme: str) -> None:  # noqa: ANN401
    with opened(browser, recent, color_scheme=scheme) as page:
        for path in ("/-/map", "/-/charts"):
            page.goto(path)
            assert grave_faults(page) == []


def grave_faults(page: Any) -> list[tuple[str, list[str]]]:  # noqa: ANN401
    found = axe.Axe().run(page).response["violations"]
    grave = [each for each in found if each["impact"] in ("serious", "critical")]
    return [(each["id"], [node["html"][:200] for node in each["nodes"]][:3]) for each in grave]
