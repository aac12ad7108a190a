"""Bytes in the encodings that feeds come in."""

from __future__ import annotations

import pytest

from aggregator.parse import parse_feed

URL = "https://wire.example/rss.xml"
TEXTS = {
    "ru": "Паром остановлен из-за сильного ветра, сообщила служба порта. Пассажиры ждут утра.",
    "el": "Το πλοίο σταμάτησε λόγω του δυνατού ανέμου, είπε το λιμάνι.",
    "ar": "توقفت العبارة بسبب الرياح القوية، قال الميناء يوم الاثنين",
    "th": "เรือข้ามฟากหยุดเพราะลมแรง ท่าเรือกล่าวเมื่อวันจันทร์",
    "ko": "강한 바람 때문에 여객선이 멈췄다고 항구가 월요일에 밝혔다. 승객들은 아침까지 기다린다.",
    "ja": "強い風のためフェリーが止まったと港が月曜日に発表した。",
    "zh": "港口星期一表示，因为大风渡轮停运，乘客要等到早上。船长说风很大。",
    "tw": "港口星期一表示，因為大風渡輪停運，乘客要等到早上。船長說風很大。",
    "fr": "Le ferry est arrêté à cause du vent très fort, a déclaré le port à l’aube.",
    "cs": "Přívoz zastaven kvůli silnému větru, řekl přístav v pondělí",
}
SPOKEN = [
    ("ru", "cp1251"),
    ("ru", "koi8-r"),
    ("el", "cp1253"),
    ("ar", "cp1256"),
    ("th", "cp874"),
    ("ko", "euc_kr"),
    ("ja", "cp932"),
    ("ja", "euc_jp"),
    ("zh", "gb18030"),
    ("tw", "big5"),
    ("fr", "cp1252"),
    ("cs", "cp1250"),
]


def document(title: str, declared: str | None) -> str:
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    return f"{declaration}<rss version='2.0'><channel><item><title>{title}</title></item></channel></rss>"


def title_of(body: bytes, content_type: str | None = None) -> str | None:
    (entry,) = parse_feed(body, url=URL, content_type=content_type).entries
    return entry.title


@pytest.mark.parametrize(("language", "encoding"), SPOKEN)
@pytest.mark.parametrize("declared", [None, "utf-8", "no-such-code"])
def test_an_undeclared_encoding_is_told_from_its_letters(
    language: str, encoding: str, declared: str | None
) -> None:
    text = TEXTS[language]
    assert title_of(document(text, declared).encode(encoding)) == text


@pytest.mark.parametrize(("language", "encoding"), [*SPOKEN, ("ja", "iso2022_jp")])
def test_a_declared_encoding_is_believed(language: str, encoding: str) -> None:
    text = TEXTS[language]
    parsed = parse_feed(document(text, encoding).encode(encoding), url=URL)
    assert (parsed.entries[0].title, parsed.warning) == (text, None)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be", "utf-8-sig"])
def test_utf_in_all_its_forms(encoding: str) -> None:
    assert title_of(document(TEXTS["ru"], None).encode(encoding)) == TEXTS["ru"]


def test_the_charset_of_the_response_counts_where_the_document_is_silent() -> None:
    body = document("Да", None).encode("koi8-r")
    assert title_of(body, "text/xml; charset=KOI8-R") == "Да"
    assert title_of(document("Да", None).encode(), "text/xml; charset=KOI8-R") == "Да"


def test_utf8_is_utf8_whatever_is_declared() -> None:
    parsed = parse_feed(document(TEXTS["ru"], "iso-8859-1").encode(), url=URL)
    assert parsed.entries[0].title == TEXTS["ru"]
    assert parsed.warning == "declared cp1252, but it is UTF-8"


def test_a_few_foreign_bytes_do_not_spoil_the_rest() -> None:
    # feedparser reads the whole as ISO-8859-2: https://github.com/kurtmckee/feedparser/pull/421
    body = document(TEXTS["ru"] + " | ", "utf-8").encode().replace(b"| ", b"| " + "Вечер".encode("cp1251"))
    parsed = parse_feed(body, url=URL)
    assert parsed.entries[0].title == TEXTS["ru"] + " | Вечер"
    assert parsed.warning == "some bytes are not UTF-8"


def test_characters_beyond_shift_jis_and_gb2312_are_in_the_larger_sets() -> None:
    assert title_of(document("①髙橋", "Shift_JIS").encode("cp932")) == "①髙橋"
    assert title_of(document("镕基", "gb2312").encode("gbk")) == "镕基"
