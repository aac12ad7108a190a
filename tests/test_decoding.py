"""Content codings undone in bounded steps."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import brotli
import pytest
import zstandard

from aggregator.decoding import ACCEPTED, Decoder
from aggregator.errors import FetchError, RefusedError

TEXT = b"The ferry left the north quay at seven. " * 500
MIB = 1024 * 1024


def raw_deflate(data: bytes) -> bytes:
    coder = zlib.compressobj(wbits=-15)
    return coder.compress(data) + coder.flush()


def zstd_without_size(data: bytes) -> bytes:
    coder = zstandard.ZstdCompressor(write_content_size=False).compressobj()
    return coder.compress(data) + coder.flush()


CODED = {
    "gzip": ("gzip", gzip.compress(TEXT)),
    "x-gzip": ("X-GZip", gzip.compress(TEXT)),
    "two members": ("gzip", gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:])),
    "zeros after": ("gzip", gzip.compress(TEXT) + b"\0" * 100),
    "zlib": ("deflate", zlib.compress(TEXT)),
    "raw deflate": ("deflate", raw_deflate(TEXT)),
    "br": ("br", brotli.compress(TEXT)),
    "zstd": ("zstd", zstandard.compress(TEXT)),
    "zstd of unknown size": ("zstd", zstd_without_size(TEXT)),
    "two zstd frames": ("zstd", zstandard.compress(TEXT[:100]) + zstandard.compress(TEXT[100:])),
    "gzip of br": ("br, gzip", gzip.compress(brotli.compress(TEXT))),
    "none": (None, TEXT),
    "identity": ("identity", TEXT),
}


def decoded(coding: str | None, data: bytes, step: int, limit: int = MIB) -> bytes:
    decoder = Decoder(coding, limit)
    parts = [decoder.feed(data[start : start + step]) for start in range(0, len(data), step)]
    decoder.finish()
    return b"".join(parts)


@pytest.mark.parametrize("step", [1, 7, 64 * 1024])
@pytest.mark.parametrize("name", CODED)
def test_every_coding_is_undone_in_whatever_pieces_it_comes(name: str, step: int) -> None:
    coding, data = CODED[name]
    assert decoded(coding, data, step) == TEXT


def test_what_we_ask_for_is_understood() -> None:
    for coding in ACCEPTED.split(", "):
        Decoder(coding, MIB)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", None])
def test_nothing_is_nothing(coding: str | None) -> None:
    assert decoded(coding, b"", 1) == b""


@pytest.mark.parametrize("name", ["gzip", "zlib", "raw deflate", "br", "zstd", "zstd of unknown size"])
def test_a_body_cut_short_is_refused_wherever_it_is_cut(name: str) -> None:
    coding, data = CODED[name]
    for kept in range(1, len(data)):
        with pytest.raises(FetchError, match="compressed body"):
            decoded(coding, data[:kept], 64 * 1024)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_what_is_not_coded_so_is_refused(coding: str) -> None:
    with pytest.raises(FetchError, match="compressed body is broken"):
        decoded(coding, b"\xf5not compressed at all" * 100, 64 * 1024)


@pytest.mark.parametrize("coding", ["compress", "exi", "gzip, gzip, gzip", "nonsense\x00"])
def test_codings_we_did_not_ask_for_are_refused(coding: str) -> None:
    with pytest.raises(RefusedError):
        Decoder(coding, MIB)


@pytest.mark.parametrize("name", CODED)
def test_a_body_of_just_the_limit_is_taken_and_one_byte_more_is_not(name: str) -> None:
    coding, data = CODED[name]
    assert decoded(coding, data, 64 * 1024, limit=len(TEXT)) == TEXT
    with pytest.raises(RefusedError, match="is larger than"):
        decoded(coding, data, 64 * 1024, limit=len(TEXT) - 1)


def bombs() -> dict[str, tuple[str, bytes]]:
    """64 MiB of nothing, as small as each coding makes it."""
    zeros = bytes(64 * MIB)
    return {
        "gzip": ("gzip", gzip.compress(zeros)),
        "deflate": ("deflate", zlib.compress(zeros)),
        "br": ("br", brotli.compress(zeros, quality=1)),
        "zstd": ("zstd", zstandard.compress(zeros)),
        "zstd of unknown size": ("zstd", zstd_without_size(zeros)),
        "gzip of gzip": ("gzip, gzip", gzip.compress(gzip.compress(zeros), 9)),
        "br of zstd": ("zstd, br", brotli.compress(zstandard.compress(zeros))),
    }


def test_a_bomb_costs_no_more_than_the_limit() -> None:
    for name, (coding, data) in bombs().items():
        tracemalloc.start()
        with pytest.raises(RefusedError, match=r"is larger than 1 MiB"):
            decoded(coding, data, 64 * 1024)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        # Some steps beyond the limit, and the piece that came: far from 64 MiB.
        assert peak < 16 * MIB, (name, peak / MIB)


def test_a_window_of_gigabytes_is_refused() -> None:
    parameters = zstandard.ZstdCompressionParameters.from_level(3, window_log=27, write_content_size=False)
    coder = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    data = coder.compress(TEXT) + coder.flush()
    with pytest.raises(FetchError, match="compressed body is broken"):
        decoded("zstd", data, 64 * 1024)
