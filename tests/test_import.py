"""`import` and `export`: crawls become articles as if polled, imports may be killed, pages go out and in."""

from __future__ import annotations

import random
import signal
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from conftest import BAKERS, FERRY, Room, page
from crawl import crawl, response
from test_crash import what_counts

from aggregator import recording
from aggregator.archive import intake
from aggregator.store import Store
from aggregator.workers import Workers

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

A, B = "https://harbour.example/ferry", "https://quay.example/ferry"


def at(hour: int) -> str:
    return f"2026-03-04T{hour:02}:00:00Z"


def news() -> list[bytes]:
    """One ferry's day: its first text, a copy at another outlet, an update, a second text that is killed."""
    longer = (*FERRY, "A second boat was sent out at noon.")
    withdrawn = page("STORY KILLED: Bakers agree", "This story is withdrawn. Do not use it.")
    bakers = "https://harbour.example/bakers"
    return [
        response(A, page("Ferry turns back", *FERRY), WARC_Date=at(8)),
        response(B, page("Wind stops ferry", *FERRY), WARC_Date=at(9)),
        response(bakers, page("Bakers agree", *BAKERS), WARC_Date=at(9)),
        response(A, page("UPDATE 1-Ferry turns back", *longer), WARC_Date=at(10)),
        response(bakers, withdrawn, WARC_Date=at(11)),
        response(A, b"moved", "HTTP/1.1 301 Moved\r\nContent-Type: text/html", WARC_Date=at(12)),
        response("https://harbour.example/empty", page("Nothing here"), WARC_Date=at(12)),
    ]


def put(room: Room, name: str, data: bytes) -> str:
    (room.folder / name).write_bytes(data)
    return str(room.folder / name)


def test_a_crawl_becomes_what_polling_would_have_made_of_it(room: Room) -> None:
    done = room.run("import", put(room, "day.warc.gz", crawl(news())))
    assert (done.returncode, done.stderr) == (0, "")
    counted = "8 records; 3 new articles, 1 versions; 1 kill, 1 no article, 1 no response, 1 not HTTP 200"
    assert done.stdout == f"{room.folder}/day.warc.gz: {counted}\n"
    assert room.rows(
        "SELECT outlet, relation, status, versions, first_seen_at FROM articles ORDER BY id"
    ) == [
        ("harbour.example", "update", "usable", 2, at(8)),
        ("quay.example", "copy", "usable", 1, at(9)),
        ("harbour.example", "kill", "canceled", 2, at(9)),
    ]
    assert room.rows("SELECT articles, outlets FROM stories ORDER BY id") == [(2, 2), (1, 1)]
    assert room.rows("SELECT url, fetched_at FROM pages ORDER BY fetched_at") == [
        (A, at(8)), (B, at(9)), (A, at(10)),
    ]  # fmt: skip


def test_a_file_is_imported_once_under_whatever_name(room: Room) -> None:
    data = crawl(news())
    room.run("import", put(room, "day.warc.gz", data))
    before = what_counts(room)
    done = room.run(
        "import", put(room, "renamed.warc.gz", data), put(room, "plain.warc", crawl(news(), ".warc"))
    )
    assert "renamed.warc.gz: imported before, nothing new in it" in done.stdout
    assert "plain.warc: 8 records; 0 new articles, 0 versions" in done.stdout
    assert what_counts(room) == before


def test_a_file_that_has_grown_is_gone_on_with(room: Room) -> None:
    filler = response("https://harbour.example/filler", b"x" * 70_000, "Content-Type: text/plain")
    records = [filler, *news()]
    room.run("import", put(room, "day.warc", crawl(records[:3], ".warc")))
    done = room.run("import", put(room, "day.warc", crawl(records, ".warc")))
    assert "5 records; 1 new articles, 1 versions" in done.stdout


def test_what_stood_before_damage_is_stored_and_the_file_is_named(room: Room) -> None:
    whole = crawl(news())
    first = put(room, "cut.warc.gz", whole[: len(whole) // 2])
    done = room.run("import", first, str(room.folder / "nowhere.warc"))
    assert done.returncode == 1
    named, missing = done.stderr.splitlines()
    assert named.startswith(f"aggregator: {first}: no WARC file, or damaged, after byte ")
    assert missing == f"aggregator: {room.folder}/nowhere.warc: cannot be read: No such file or directory"
    assert room.rows("SELECT count(*) FROM articles") == [(2,)]
    room.run("import", put(room, "whole.warc.gz", whole))
    assert room.rows("SELECT count(*) FROM articles") == [(3,)]


def test_an_older_page_of_a_known_article_takes_nothing_back(room: Room) -> None:
    room.run("import", put(room, "late.warc", crawl(news()[3:4], ".warc")))
    done = room.run("import", put(room, "early.warc", crawl(news()[:1], ".warc")))
    assert "1 older" in done.stdout
    assert room.rows("SELECT mark, versions FROM articles") == [("UPDATE 1", 1)]


def texts(number: int) -> list[bytes]:
    """So many pages, each with a text of its own, now and then one that comes again."""
    return [
        response(
            f"https://harbour.example/{each % (number - 9)}",
            page(f"Boat {each} is back", *(f"{text} That was boat number {each}." for text in FERRY)),
            WARC_Date=f"2026-03-04T10:{each // 60:02}:{each % 60:02}Z",
        )
        for each in range(number)
    ]


def test_a_killed_import_goes_on_and_ends_with_the_same_rows(room: Room, tmp_path: Path) -> None:
    crawled = put(room, "many.warc.gz", crawl(texts(70)))
    (tmp_path / "calm").mkdir()
    calm = Room(tmp_path / "calm")
    assert calm.run("import", crawled).returncode == 0
    assert calm.rows("SELECT count(*), sum(versions) FROM articles") == [(61, 70)]
    chance, killed, ended = random.Random(28500), 0, False  # noqa: S311 (the same moments in every run)
    moment = 0.05  # so early that the first is killed on any machine
    while not ended:
        process = room.start("import", crawled)
        process.join(chance.uniform(moment / 2, moment))
        moment *= 1.4
        process.kill()
        process.join(60)
        killed += process.exitcode == -signal.SIGKILL
        begun = room.db.exists() and room.rows("SELECT 1 FROM sqlite_schema WHERE name = 'imports'")
        ended = bool(begun and room.rows("SELECT 1 FROM imports WHERE ended_at IS NOT NULL"))
    assert killed
    assert what_counts(room) == what_counts(calm)
    assert room.rows("SELECT records, articles FROM imports") == [(71, 61)]


def test_pages_go_out_and_come_back_to_the_byte(room: Room, tmp_path: Path) -> None:
    room.run("import", put(room, "day.warc.gz", crawl(news())))
    kept = "SELECT url, status, headers, fetched_at, body FROM pages ORDER BY fetched_at, url"
    for ending in ("warc", "warc.gz", "warc.zst"):
        out = room.folder / f"out.{ending}"
        assert room.run("export", "--warc", str(out)).stdout == f"{out}: 3 pages\n"
        (tmp_path / ending).mkdir()
        other = Room(tmp_path / ending)
        other.run("import", str(out))
        assert other.rows(kept) == room.rows(kept)
        other.run("export", "--warc", str(other.folder / f"out.{ending}"))
        assert (other.folder / f"out.{ending}").read_bytes() == out.read_bytes()


def test_an_export_overwrites_nothing_and_leaves_no_half_file(room: Room) -> None:
    room.run("import", put(room, "day.warc.gz", crawl(news())))
    done = room.run("export", "--warc", str(room.folder / "day.warc.gz"))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    done = room.run("export", "--warc", str(room.folder / "no" / "folder.warc"))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert not list(room.folder.glob("**/*.part"))


def test_a_piece_of_copy_is_stored_once(room: Room) -> None:
    copy = put(room, "copy.txt", b"Bridge opened\n\nSAMARA, October 19./TASS/. A foot bridge was opened.\n")
    assert room.run("import", copy).stdout == f"{copy}: new: Bridge opened\n"
    assert room.run("import", copy).stdout == f"{copy}: imported before\n"
    assert room.rows("SELECT headline, agency, place FROM articles") == [("Bridge opened", "tass", "SAMARA")]


def test_a_bug_in_storing_costs_its_own_page(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program's own fault, in the place of one that nobody knows of yet."""
    record = recording.record_reading

    def fails(conn: Any, article: Any, *about: Any) -> Any:  # noqa: ANN401 (as what it stands for)
        recorded = record(conn, article, *about)
        return recorded if article.outlet != "quay.example" else 1 / 0

    monkeypatch.setattr(intake, "record_reading", fails)
    path = room.folder / "day.warc"
    path.write_bytes(crawl(news(), ".warc"))
    with Store(room.db) as store, Workers(1) as workers:
        tally = intake.import_warc(store, path, workers, datetime.now(UTC))
    assert tally.pages["not readable"] == 1
    assert room.rows("SELECT outlet FROM articles ORDER BY id") == [("harbour.example",)] * 2
