"""Bad pages through a real worker: bounded time and memory, an article or a reason."""

from __future__ import annotations

import resource
from functools import partial

import pytest

from aggregator.errors import AggregatorError
from aggregator.extract import extract_page
from aggregator.model import TextBasis
from aggregator.workers import Workers
from bench.hostile import hostile_pages

#: Of processor time, which does not go with what else the machine does; the longest takes a quarter of it.
SECONDS, MIB = 2.0, 300
LINE = "The ferry runs again today, its operator said."


def test_bad_pages_take_bounded_time_and_memory() -> None:
    workers = Workers(1)
    costs = {name: cost(workers, page) for name, page in hostile_pages().items()}
    workers.shutdown(wait=True)
    assert {name: cost for name, cost in costs.items() if cost[0] >= SECONDS or cost[1] >= MIB} == {}


def cost(workers: Workers, page: bytes) -> tuple[float, float]:
    """Seconds of the worker's processor time, and MiB by which its peak grew."""
    before = workers.submit(resource.getrusage, resource.RUSAGE_SELF).result()
    article = workers.submit(partial(extract_page, url="https://wire.example/1"), page).result()
    after = workers.submit(resource.getrusage, resource.RUSAGE_SELF).result()
    assert article.text_basis is TextBasis.PAGE
    assert article.paragraphs
    took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return took, (after.ru_maxrss - before.ru_maxrss) / 1024


def test_what_a_page_writes_as_markup_stays_text() -> None:
    page = (
        "<html><head><title>&lt;script&gt;alert(1)&lt;/script&gt; Ferry</title></head><body>"
        "<h1><img src=x onerror=alert(1)>Ferry runs</h1><script>alert(1)</script>"
        f"<p onclick=alert(1)>{LINE}</p><p>&lt;script&gt;alert(1)&lt;/script&gt; stood on its side, "
        "<a href='javascript:alert(1)'>he said</a>.</p>"
    )
    article = extract_page(page.encode(), url="https://wire.example/1")
    assert article.headline == "Ferry runs"
    assert article.paragraphs[-2:] == (
        LINE,
        "<script>alert(1)</script> stood on its side, he said.",
    )


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ("<h1>Hafen</h1><p>Privatsphäre: Cookies akzeptieren oder ablehnen?", "a consent wall"),
        ("<p>Please enable JavaScript to read this page on our site.", "a page that needs JavaScript"),
        ("<h1>Error 404</h1><p>We looked everywhere, page not found, sorry.", "an error page"),
        ("<meta property=article:content_tier content=locked><h1>Ferry runs</h1>", "behind a paywall"),
    ],
    ids=["consent", "script", "error", "paywall"],
)  # fmt: skip
def test_a_page_that_shows_no_article_is_named(page: str, reason: str) -> None:
    with pytest.raises(AggregatorError, match=reason):
        extract_page(f"<html><body>{page}".encode(), url="https://wire.example/1")
