"""What stands under a lead image, how sure a text is, and pages that keep theirs for subscribers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from aggregator.errors import ParseError
from aggregator.extract import extract_page
from aggregator.extract.picture import Picture, split_caption

if TYPE_CHECKING:
    from aggregator.model import Article

TEXT = [
    "The bakers of Ghent have opened a school in the old mill, where forty pupils will learn their trade.",
    "It is the first in the town since 1911, and it bakes for the hospital across the canal as well.",
    "The town pays for the ovens, the guild for the flour, and the pupils bring their own aprons, it said.",
]
BODY = "".join(f"<p>{text}</p>" for text in TEXT)
IMAGE = "https://wire.example/img/1200/ghent-mill-20240316.jpg"


def read(figures: str = "", head: str = "", body: str = BODY) -> Article:
    page = f"""<html><head><meta property="og:image" content="{IMAGE}">{head}</head><body><main><article>
    <h1>Bakers of Ghent open a school</h1>{figures}<div class="article-body">{body}</div>
    </article></main></body></html>"""
    return extract_page(page.encode(), url="https://wire.example/1")


@pytest.mark.parametrize(
    ("printed", "caption", "credit"),
    [
        ("Pupils at the old mill. Photo: Ann Lee/Nordica", "Pupils at the old mill.", "Ann Lee/Nordica"),
        ("Pupils at the old mill (Foto: Ann Lee)", "Pupils at the old mill", "Ann Lee"),
        ("Pupils at the old mill. (NRD)", "Pupils at the old mill.", "NRD"),
        ("Pupils at the old mill (Ann Lee/Nordica)", "Pupils at the old mill", "Ann Lee/Nordica"),
        ("Pupils at the old mill © Nordica", "Pupils at the old mill", "Nordica"),
        ("Pupils at the old mill (Ghent, 2024)", "Pupils at the old mill (Ghent, 2024)", None),
        ("Pupils look at a photo of the old mill", "Pupils look at a photo of the old mill", None),
        ("Quelle: Nordica", None, "Nordica"),
        ("Фото: Анна Ли", None, "Анна Ли"),
    ],
)
def test_a_caption_is_parted_from_its_credit(printed: str, caption: str | None, credit: str | None) -> None:
    assert split_caption(printed) == Picture(caption, credit)


def test_the_figure_of_the_lead_image_is_found_by_its_file_name() -> None:
    other = "<figure><img src='/img/300/canal-boat.jpg'><figcaption>A boat on the canal</figcaption></figure>"
    own = """<figure><picture><source srcset="/img/640/ghent-mill-20240316.webp 640w"></picture><figcaption>
    <span class="caption__text">Pupils at the old mill</span> <span class="caption__credit">Ann Lee</span>
    </figcaption></figure>"""
    article = read(other + own)
    assert (article.image_caption, article.image_credit) == ("Pupils at the old mill", "Ann Lee")


def test_a_figure_of_an_author_or_of_another_article_is_no_picture() -> None:
    author = "<figure><img src=/a.jpg><figcaption>By Ann Lee <time>10:11</time></figcaption></figure>"
    assert read(author).image_caption is None
    link = "<figure><img src=/b.jpg><figcaption><a href=/2>Millers of Bruges close</a></figcaption></figure>"
    assert read(link).image_caption is None


def test_json_ld_tells_of_a_picture_that_has_no_figure() -> None:
    image = {"@type": "ImageObject", "caption": "Pupils", "copyrightHolder": {"name": "Nordica"}}
    linked = json.dumps({"@type": "NewsArticle", "headline": "Bakers", "image": [image]})
    article = read(head=f"<script type='application/ld+json'>{linked}</script>")
    assert (article.image_caption, article.image_credit) == ("Pupils", "Nordica")


def test_a_clear_text_is_surer_than_one_among_links() -> None:
    clear = read().confidence
    lines = "".join(f"<div>Wire {number} <a href=/{number}>more of the day</a></div>" for number in range(9))
    mixed = read(body=lines + f"<div>{TEXT[0]}</div>" + lines).confidence
    assert clear is not None
    assert mixed is not None
    assert 1 >= clear > mixed > 0


def test_a_page_that_keeps_its_text_for_subscribers_is_named() -> None:
    closed = {
        "@type": "NewsArticle",
        "headline": "Bakers of Ghent open a school",
        "isAccessibleForFree": "False",
    }
    head = f"<script type='application/ld+json'>{json.dumps(closed)}</script>"
    assert read(head=head).paywalled
    assert not read().paywalled
    with pytest.raises(ParseError, match="paywall"):
        read(head=head, body="")


@pytest.mark.parametrize(
    "url", ["http://[x/baker-school.jpg", "//[::1/a.png", "http://w.example:99999999/b.jpg"]
)
def test_an_address_that_is_none_costs_no_article(url: str) -> None:
    page = f"""<html><head><meta property="og:image" content="{url}"></head><body><main><article>
    <h1>Bakers of Ghent open a school</h1><figure><img src="{url}"><figcaption>The mill</figcaption></figure>
    <div>{BODY}</div></article></main></body></html>"""
    assert extract_page(page.encode(), url="https://wire.example/1").paragraphs
