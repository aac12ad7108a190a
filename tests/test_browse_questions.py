"""The project's questions: read from their files, answered by the server, drawn as their comments say."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest
from browsing import EVIL, add_article, add_version, serving, text

from aggregator.browse.questions import draw_chart, load_questions, read_question
from aggregator.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

ASKED = "story=1000&days=3&outlet="


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    path = tmp_path_factory.mktemp("questions") / "news.db"
    now = int(time.time())
    with Store(path) as store, store.transaction() as conn:
        add_article(conn, 1000, 1000, outlet=EVIL, word_count=12, relation="copy")
        add_version(conn, 1000, 1, "A text.", "A headline", relation="correction", mark=EVIL)
        add_article(conn, now * 1_000, now * 1_000, agency=EVIL, language=EVIL)
        add_article(conn, (now - 4 * 86_400) * 1_000, (now - 4 * 86_400) * 1_000)
        conn.execute("INSERT INTO quotes (article_id, version, paragraph, speaker, rule, text)"
                     " VALUES (1000, 1, 0, ?, 'test', 'So it is.')", (EVIL,))  # fmt: skip
    with serving(path) as running:
        yield running


@pytest.mark.parametrize("name", list(load_questions()))
def test_every_question_is_answered_and_its_chart_drawn_and_inert(client: httpx.Client, name: str) -> None:
    page = text(client, f"/news/{name}?{ASKED}")
    assert load_questions()[name]["title"] in page
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    if "chart" in load_questions()[name]:
        assert re.search(r'<rect [^>]*height="[1-9]', page)
    assert client.get(f"/news/{name}.csv?{ASKED}").status_code == 200


def test_the_days_asked_for_are_counted(client: httpx.Client) -> None:
    def counted(days: str) -> int:
        rows = client.get(f"/news/articles-by-day.json?days={days}&_shape=array").json()
        return sum(row["articles"] for row in rows)

    assert (counted("1"), counted("5"), counted("")) == (1, 2, 2)


def test_most_questions_have_a_chart() -> None:
    assert sum("chart" in question for question in load_questions().values()) >= 5


def test_free_sql_has_no_chart(client: httpx.Client) -> None:
    page = text(client, "/news?sql=select+1+as+day&chart=bars+x%3Dday+y%3Dcount")
    assert 'class="layers"' not in page
    assert 'class="bar-of"' not in page


def test_the_line_about_the_chart_is_no_description() -> None:
    question = read_question("-- Title\n-- Words.\n-- chart: bars x=outlet y=copies\nSELECT 1")
    assert (question["description"], question["chart"]) == ("Words.", "chart: bars x=outlet y=copies")
    assert "chart" not in read_question("-- Title\n-- chart: pie x=outlet y=copies\nSELECT 1")


def test_columns_stand_in_order_in_layers_by_name() -> None:
    rows = [("tue", 2, "b"), ("mon", 1, "a"), ("mon", 4, "b")]
    chart = draw_chart("chart: columns x=day y=n by=who", ["day", "n", "who"], rows)
    assert chart
    assert chart.steps == ("mon", "tue")
    assert [(layer.name, layer.count) for layer in chart.layers] == [("b", 6), ("a", 1)]


def test_many_names_are_drawn_as_others() -> None:
    rows = [("mon", 20 - number, f"name {number}") for number in range(10)]
    chart = draw_chart("chart: columns x=day y=n by=who", ["day", "n", "who"], rows)
    assert chart
    assert [layer.name for layer in chart.layers][-2:] == ["name 4", "others"]
    assert chart.layers[-1].count == sum(20 - number for number in range(5, 10))


def test_rows_are_counted_where_nothing_is() -> None:
    chart = draw_chart("chart: columns x=day y=count", ["day"], [("mon",), ("mon",), ("tue",)])
    assert chart
    assert [bar.count for bar in chart.layers[0].bars] == [2, 1]


def test_bars_keep_their_order_and_odd_values_are_nothing() -> None:
    rows = [("a", 3), (None, "x"), ("c", -1)]
    chart = draw_chart("chart: bars x=who y=n", ["who", "n"], rows)
    assert chart
    assert [(bar.label, bar.count) for bar in chart.bars] == [("a", 3), ("", 0), ("c", 0)]


@pytest.mark.parametrize("columns", [["who"], ["n"], []])
def test_an_answer_without_the_columns_is_not_drawn(columns: list[str]) -> None:
    assert draw_chart("chart: bars x=who y=n", columns, []) is None
    assert draw_chart(None, ["who", "n"], [("a", 1)]) is None
    assert draw_chart("chart: bars x=who y=n", ["who", "n"], []) is None
