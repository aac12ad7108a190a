"""WARC files: what is found in them, what is not believed, and that an interrupted reading goes on."""

from __future__ import annotations

import gzip
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import zstandard
from conftest import BAKERS, FERRY, NOON, page
from crawl import COMPRESS, crawl, record, response, warcinfo
from hypothesis import given
from hypothesis import strategies as st

from aggregator.archive.reading import Found, Place, read_warc
from aggregator.archive.writing import WarcFile
from aggregator.errors import ArchiveError
from aggregator.model import Response

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 3, 5, tzinfo=UTC)
FERRY_PAGE, BAKERS_PAGE = page("Ferry turns back", *FERRY), page("Bakers agree", *BAKERS)
URLS = [f"https://harbour.example/{number}" for number in range(6)]


def found(path: Path, data: bytes, place: Place | None = None) -> list[Found]:
    path.write_bytes(data)
    return list(read_warc(path, place or Place(), NOW))


def pages_of(records: list[Found]) -> list[Response]:
    return [each.page for each in records if each.page]


@pytest.mark.parametrize("ending", COMPRESS)
def test_pages_are_found_in_order_and_reading_goes_on_from_any_place(tmp_path: Path, ending: str) -> None:
    data = crawl([response(url, FERRY_PAGE + url.encode()) for url in URLS], ending)
    whole = found(tmp_path / "crawl", data)
    assert [each.url for each in pages_of(whole)] == URLS
    assert {each.fetched_at for each in pages_of(whole)} == {NOON}
    assert whole[0].skipped == "no response"
    for number, each in enumerate(whole, start=1):
        assert found(tmp_path / "crawl", data, each.after) == whole[number:]


def several_a_member(ending: str) -> bytes:
    records = [warcinfo(), *(response(url, FERRY_PAGE + url.encode()) for url in URLS)]
    members = [b"".join(records[start : start + 3]) for start in range(0, 7, 3)]
    return b"".join(COMPRESS[ending](each) for each in members)


@pytest.mark.parametrize("ending", [".warc.gz", ".warc.zst"])
def test_files_with_several_records_a_member_are_read_too(tmp_path: Path, ending: str) -> None:
    whole = found(tmp_path / "crawl", several_a_member(ending))
    assert [each.url for each in pages_of(whole)] == URLS
    for number, each in enumerate(whole, start=1):
        assert found(tmp_path / "crawl", several_a_member(ending), each.after) == whole[number:]


def test_a_dictionary_before_the_records_is_used_from_any_place(tmp_path: Path) -> None:
    records = [warcinfo(), *(response(url, FERRY_PAGE + url.encode()) for url in URLS)]
    dictionary = zstandard.train_dictionary(
        4_096, [each[:200] + bytes([n]) for each in records for n in range(50)]
    )
    coder = zstandard.ZstdCompressor(dict_data=dictionary)
    for said in (dictionary.as_bytes(), zstandard.compress(dictionary.as_bytes())):
        opening = b"\x5d\x2a\x4d\x18" + len(said).to_bytes(4, "little") + said
        data = opening + b"".join(coder.compress(each) for each in records)
        whole = found(tmp_path / "crawl", data)
        assert [each.url for each in pages_of(whole)] == URLS
        assert found(tmp_path / "crawl", data, whole[3].after) == whole[4:]


def chunked(body: bytes) -> bytes:
    pieces = [body[start : start + 100] for start in range(0, len(body), 100)]
    return b"".join(b"%x\r\n%s\r\n" % (len(each), each) for each in pieces) + b"0\r\n\r\n"


HTML = "Content-Type: text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("body", "head"),
    [
        (FERRY_PAGE, HTML),
        (FERRY_PAGE, "Server: s"),  # no type, but it looks like HTML
        (gzip.compress(FERRY_PAGE), f"{HTML}\r\nContent-Encoding: gzip"),
        (chunked(FERRY_PAGE), f"{HTML}\r\nTransfer-Encoding: chunked"),
        (
            chunked(gzip.compress(FERRY_PAGE)),
            f"{HTML}\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip",
        ),
        (
            FERRY_PAGE,
            f"{HTML}\r\nTransfer-Encoding: chunked\r\nContent-Encoding: br",
        ),  # undone by the crawler
        (FERRY_PAGE, f"{HTML}\r\nContent-Encoding: unheard-of"),
        (FERRY_PAGE, f"{HTML}\r\nX-Crawler-Content-Encoding: gzip\r\nX-Crawler-Transfer-Encoding: chunked"),
    ],
)
def test_bodies_come_without_their_codings(tmp_path: Path, body: bytes, head: str) -> None:
    [page_found] = pages_of(found(tmp_path / "crawl", crawl([response(URLS[0], body, head)])))
    assert page_found.body == FERRY_PAGE


def test_headers_the_crawler_put_aside_are_as_the_server_sent_them(tmp_path: Path) -> None:
    head = (
        f"{HTML}\r\nContent-Length: 999\r\nX-Crawler-Content-Length: 33\r\nX-Crawler-Content-Encoding: gzip"
    )
    [page_found] = pages_of(found(tmp_path / "crawl", crawl([response(URLS[0], FERRY_PAGE, head)])))
    assert page_found.headers == (
        ("content-type", "text/html; charset=utf-8"), ("content-length", "33"), ("content-encoding", "gzip"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("skipped", "data"),
    [
        ("not HTTP 200", response(URLS[0], b"gone", "HTTP/1.1 404 Not Found\r\nContent-Type: text/html")),
        ("not HTML", response(URLS[0], b"%PDF", "Content-Type: application/pdf")),
        ("too large", response(URLS[0], b"a" * (6 << 20))),
        (
            "too large",
            response(URLS[0], gzip.compress(b"a" * (6 << 20)), f"{HTML}\r\nContent-Encoding: gzip"),
        ),
        ("no web address", response("ftp://harbour.example/", FERRY_PAGE)),
        ("no date", response(URLS[0], FERRY_PAGE, WARC_Date="")),
        ("no date", response(URLS[0], FERRY_PAGE, WARC_Date="yesterday")),
        ("no HTTP", response(URLS[0], FERRY_PAGE, "X: " + "a" * 40_000)),
        ("no response", record("request", b"GET / HTTP/1.1\r\n\r\n", WARC_Target_URI=URLS[0])),
        ("no response", record("revisit", b"", WARC_Target_URI=URLS[0])),
        ("no response", record("response", b"1.2.3.4", WARC_Target_URI="dns:harbour.example")),
    ],
)
def test_what_is_no_page_is_skipped_and_says_why(tmp_path: Path, skipped: str, data: bytes) -> None:
    other = response(URLS[1], BAKERS_PAGE)
    records = found(tmp_path / "crawl", crawl([data, other]))
    assert [each.skipped for each in records] == ["no response", skipped, None]
    assert [each.url for each in pages_of(records)] == [URLS[1]]


def test_no_page_is_from_the_future(tmp_path: Path) -> None:
    data = crawl([response(URLS[0], FERRY_PAGE, WARC_Date="2999-01-01T00:00:00Z")])
    assert [each.fetched_at for each in pages_of(found(tmp_path / "crawl", data))] == [NOW]


LONG = b"WARC/1.0\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n"
TWO = crawl([response(url, FERRY_PAGE * 20) for url in URLS[:2]])


@pytest.mark.parametrize(
    ("whole", "data"),
    [
        (1, TWO[:-30]),
        (1, TWO[:-12] + bytes([TWO[-12] ^ 255]) + TWO[-11:]),
        (1, crawl([response(URLS[0], FERRY_PAGE)]) + b"junk that is no member"),
        (1, crawl([response(URLS[0], FERRY_PAGE), LONG, response(URLS[1], FERRY_PAGE)])),
        (0, crawl([record("response", b"short", length=10**9, WARC_Target_URI=URLS[0])])),
        (0, crawl([record("response", b"short", length=-5, WARC_Target_URI=URLS[0])])),
        (0, b"no WARC at all" * 100),
        (0, gzip.compress(b"no WARC at all" * 100)),
    ],
)
def test_a_damaged_file_is_named_in_a_line_and_what_stood_before_is_given(
    tmp_path: Path, whole: int, data: bytes
) -> None:
    (tmp_path / "crawl").write_bytes(data)
    records = read_warc(tmp_path / "crawl", Place(), NOW)
    given: list[Found] = []
    with pytest.raises(ArchiveError, match="crawl: ") as fault:
        given.extend(iter(records.__next__, None))
    assert "\n" not in str(fault.value)
    assert len(pages_of(given)) == whole


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match=r"nowhere\.warc: cannot be read: No such file"):
        list(read_warc(tmp_path / "nowhere.warc", Place(), NOW))


@given(st.binary(max_size=400), st.integers(min_value=0, max_value=400))
def test_no_bytes_raise_anything_else(tmp_path_factory: pytest.TempPathFactory, junk: bytes, at: int) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed"
    data = crawl([response(URLS[0], b"<p>")], ".warc")
    for fuzzed in (junk, data[:at] + junk + data[at:], gzip.compress(data)[:at] + junk):
        try:
            found(path, fuzzed)
        except ArchiveError as fault:
            assert "\n" not in str(fault)  # noqa: PT017 (most junk is refused, some is read)


NAMES = st.sampled_from(
    ["content-type", "etag", "content-encoding", "transfer-encoding", "content-length", "x-a"]
)
VALUES = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=30)


@given(
    st.lists(st.tuples(NAMES, VALUES), max_size=6),
    st.binary(max_size=300),
    st.sampled_from(list(COMPRESS)),
)
def test_what_is_written_is_read_back_to_the_byte(
    tmp_path_factory: pytest.TempPathFactory, headers: list[tuple[str, str]], body: bytes, ending: str
) -> None:
    headers = [(name, "text/html" if name == "content-type" else value) for name, value in headers]
    sent = Response(URLS[0], 203, (("content-type", "text/html"), *headers), body, NOON, 0)
    files = [io.BytesIO(), io.BytesIO()]
    for file in files:
        warc = WarcFile(file, f"pages{ending}")
        warc.add(sent)
        warc.add(sent)
    assert files[0].getvalue() == files[1].getvalue()
    path = tmp_path_factory.getbasetemp() / "written"
    assert pages_of(found(path, files[0].getvalue())) == [sent, sent]
