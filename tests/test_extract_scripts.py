"""What scripts of a page carry: the article of a framework's state, and an agency's words on its copy."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from aggregator.errors import ParseError
from aggregator.extract import extract_page
from aggregator.extract.page import read_page
from aggregator.extract.scripts import Script, script_rules, value_of
from aggregator.extract.wiredata import WireData, read_wire_data
from aggregator.wire import read_wire

if TYPE_CHECKING:
    from aggregator.model import Article

HEADLINE = "Bakers of Ghent open a school"
TEXT = [
    "The bakers of Ghent have opened a school in the old mill, where forty pupils will learn their trade.",
    "It is the first in the town since 1911, and it bakes for the hospital across the canal as well.",
]
SHOWN = (
    f"<article><header><h1>{HEADLINE}</h1></header><div class=article-body>"
    + "".join(f"<p>{text}</p>" for text in TEXT)
    + "</div></article>"
)
STORY = {
    "headline": HEADLINE,
    "authors": [{"name": "Ann Lee"}, {"name": "Jo Berg"}],
    "datePublished": "2024-03-16T10:11:12Z",
    "dateModified": "2024-03-16T11:00:00Z",
    "standfirst": "Forty pupils, and bread for a hospital",
    "body": [{"type": "paragraph", "text": text} for text in TEXT],
}


def page_with(script: str, shown: str = "") -> bytes:
    head = f"<meta property='og:title' content='{HEADLINE}'>"
    return f"<html><head>{head}</head><body><div id=app>{shown}</div>{script}</body></html>".encode()


def read(script: str, shown: str = "", url: str = "https://wire.example/1") -> Article:
    return extract_page(page_with(script, shown), url=url)


def as_element(value: object, name: str = "__NEXT_DATA__") -> str:
    return f"<script id='{name}' type='application/json'>{json.dumps(value)}</script>"


def devalued(value: object) -> list[object]:
    """A value as Nuxt writes it: a list whose objects and lists name their members by place."""
    table: list[object] = []

    def put(one: object) -> int:
        place = len(table)
        table.append(None)
        if isinstance(one, dict):
            table[place] = {name: put(inner) for name, inner in one.items()}
        else:
            table[place] = [put(inner) for inner in one] if isinstance(one, list) else one
        return place

    put(value)
    return table


@pytest.mark.parametrize(
    "script",
    [
        as_element({"props": {"pageProps": {"menu": [{"title": "Home"}], "article": STORY}}}),
        as_element(devalued({"data": {"article": STORY}}), "__NUXT_DATA__"),
        f"<script>window.Fusion=window.Fusion||{{}};Fusion.globalContent={json.dumps(STORY)};Fusion.a=1;</script>",
        f"<script>window['__INITIAL_STATE__'] = {json.dumps({'a': [STORY]})};</script>",
        f"<script>window.__PRELOADED_STATE__ = JSON.parse({json.dumps(json.dumps(STORY))})</script>",
        f"<script>__NUXT__={{layout:'main',n:void 0,on:!0,/* now */state:{json.dumps(STORY)},}};</script>",
    ],
    ids=["next", "nuxt 3", "fusion", "initial state", "parsed", "literal"],
)
def test_a_page_of_scripts_alone_is_read_from_their_data(script: str) -> None:
    article = read(script)
    assert article.paragraphs == tuple(TEXT)
    assert article.extractor == "script"
    assert article.byline == "Ann Lee, Jo Berg"
    assert article.published_at == datetime(2024, 3, 16, 10, 11, 12, tzinfo=UTC)
    assert article.updated_at == datetime(2024, 3, 16, 11, tzinfo=UTC)
    assert article.deck == "Forty pupils, and bread for a hospital"


def test_a_text_that_is_shown_is_not_replaced_but_what_it_lacks_is_told() -> None:
    article = read(as_element(STORY), SHOWN)
    assert article.paragraphs == tuple(TEXT)
    assert article.extractor == "signs"
    assert article.byline == "Ann Lee, Jo Berg"


def test_the_data_of_another_article_is_no_witness() -> None:
    other = STORY | {"headline": "Millers of Bruges close a school"}
    with pytest.raises(ParseError, match="no article text"):
        read(as_element({"related": [other], "title": "Ghent"}))


def test_pictures_and_promotions_in_a_body_are_no_text() -> None:
    pieces = [{"type": "image", "text": "Pupils at the mill, seen from the bridge"}, *STORY["body"]]
    pieces.append({"__typename": "NewsletterSignup", "text": "Get the news of Ghent every morning"})
    assert read(as_element(STORY | {"body": pieces})).paragraphs == tuple(TEXT)


def test_a_body_of_html_is_read_as_paragraphs() -> None:
    markup = "".join(f"<p>{text}</p>" for text in TEXT)
    assert read(as_element(STORY | {"body": {"html": markup}})).paragraphs == tuple(TEXT)


@pytest.mark.parametrize(
    "script",
    [
        "<script type='application/json'>" + "[" * 100_000 + "</script>",
        as_element({"headline": HEADLINE, "body": "x" * 2_000_000}),
        "<script>__INITIAL_STATE__ = " + "{a:" * 30_000 + "</script>",
        "<script>__INITIAL_STATE__ = {'a': '" + "\\'" * 50_000 + "</script>",
        "<script>" + "dataLayer = {" * 20_000 + "</script>",
        as_element([[1], [0], ["Ref", 1]], "__NUXT_DATA__"),
        as_element(
            [{"headline": 1, "content": 2}, HEADLINE, *([at] * 30 for at in range(3, 14)), []],
            "__NUXT_DATA__",
        ),
    ],
    ids=["nested", "long", "nested literal", "open text", "many uses", "a ring", "a lattice"],
)
def test_bad_data_leaves_the_page_without_an_article(script: str) -> None:
    with pytest.raises(ParseError, match="no article text"):
        read(script)


def test_a_deep_object_is_read_only_so_far() -> None:
    deep: Any = TEXT[0]
    for _ in range(50):
        deep = {"content": [deep]}
    with pytest.raises(ParseError, match="no article text"):
        read(as_element(STORY | {"body": deep}))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": [1, 2]}; more()', {"a": [1, 2]}),
        (
            "{a: 'it\\'s \"so\"', b: [!0, !1, undefined,], // end\n}",
            {"a": 'it\'s "so"', "b": [True, False, None]},
        ),
        ("{'u': 'https://a.example/x:1', \"v\": \"b: c\"}", {"u": "https://a.example/x:1", "v": "b: c"}),
        ("function(a){return a}", None),
    ],
)
def test_literals_are_read_as_far_as_they_are_data(text: str, value: object) -> None:
    assert value_of(Script("dataLayer", text)) == value


WIRE = [(row["outlet"], example) for row in script_rules()["wire"] for example in row["examples"]]


@pytest.mark.parametrize(("outlet", "example"), WIRE, ids=[outlet for outlet, _ in WIRE])
def test_the_examples_of_wire_data_hold(outlet: str, example: dict[str, Any]) -> None:
    markup = f"<html><body>{example['page']}</body></html>".encode()
    expected = {name: tuple(said) if name == "tags" else said for name, said in example.items()}
    expected.pop("page")
    told = asdict(read_wire_data(read_page(markup, f"https://www.{outlet}/1")))
    assert {name: said for name, said in told.items() if said} == expected
    assert read_wire_data(read_page(markup, "https://wire.example/1")) == WireData()


def test_an_agencys_page_names_its_copy() -> None:
    data = {"slug": "GHENT-BAKERS/SCHOOL (UPDATE 1, PIX)", "dateline": ["GHENT, March 16 (Reuters)"]}
    script = f"<script>Fusion.globalContent={json.dumps({'result': data})};</script>"
    article = read_wire(read(script, SHOWN, "https://www.reuters.com/world/ghent/"))
    assert (article.slug, article.mark) == ("GHENT-BAKERS/SCHOOL", "UPDATE 1, PIX")
    assert article.dateline is not None
    assert (article.dateline.place, article.agency, article.paragraphs[0]) == ("GHENT", "reuters", TEXT[0])


def test_the_leads_of_one_piece_of_copy_have_one_item_id() -> None:
    ids = set()
    for lead in ("00315", "51315"):
        script = f"<script>CONTENT_DATA = JSON.stringify({{'CID': 'AEN202403160012{lead}'}});</script>"
        ids.add(read_wire(read(script, SHOWN, f"https://en.yna.co.kr/view/{lead}")).item_id)
    assert ids == {"AEN202403160012"}


def test_a_template_in_the_place_of_the_text_is_read() -> None:
    markup = "".join(f"<p>{text} And so on, as the mayor of the town said.</p>" for text in TEXT * 2)
    drawn = f"<div class=post-content><script type=text/template>{markup}</script></div>"
    assert read("", drawn).extractor == "template"
    dialog = f"<div class=cookie-box><script type=text/template>{markup}</script></div>"
    with pytest.raises(ParseError, match="no article text"):
        read("", dialog)


def test_data_in_attributes_and_under_unknown_names_is_read() -> None:
    steps = [{"top": f"&lt;p&gt;{text} {text}&lt;/p&gt;"} for text in TEXT * 3]
    data = {"project": {"title": HEADLINE, "steps": steps}}
    element = f"<div data-react-props='{json.dumps(data).replace('&', '&amp;')}'></div>"
    assert len(read("", element).paragraphs) == 6
    assert len(read(f"<script>var article = {json.dumps(data)};</script>").paragraphs) == 6
    angular = json.dumps(data).replace("&", "&a;").replace('"', "&q;")
    assert len(read(f"<script type=application/json>{angular}</script>").paragraphs) == 6
