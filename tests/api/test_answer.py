"""Answers as bytes: codings, ETags, heads."""

from __future__ import annotations

import gzip

import brotli
import pytest
import zstandard

from api.answer import Answer
from api.compression import CODINGS, chosen

BODY = b'{"text": "%s"}' % (b"the same again " * 200)
HEADERS = [(b"content-type", b"application/json"), (b"cache-control", b"private, no-cache"), (b"x-own", b"1")]
READERS = {"gzip": gzip.decompress, "br": brotli.decompress, "zstd": zstandard.ZstdDecompressor().decompress}


def head_of(text: bytes) -> tuple[str, dict[str, str]]:
    """Status line and headers."""
    status, *lines = text.decode().removesuffix("\r\n").split("\r\n")
    pairs = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
    assert len({name for name, _ in pairs}) == len(pairs)
    return status, dict(pairs)


@pytest.mark.parametrize("coding", [None, *CODINGS])
def test_a_body_in_each_coding(coding: str | None) -> None:
    answer = Answer(200, HEADERS, BODY, revalidates=True)
    text, body = answer.form(coding)
    status, headers = head_of(text)
    assert status == "HTTP/1.1 200 OK"
    assert headers["content-length"] == str(len(body))
    assert headers.get("content-encoding") == coding
    assert headers["vary"] == "accept-encoding"
    assert headers["x-own"] == "1"
    assert (READERS[coding](body) if coding else body) == BODY
    assert answer.form(coding)[1] is body, "once"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (HEADERS, b"{}"),
        ([(b"content-type", b"image/png")], BODY),
        ([*HEADERS[:1], (b"cache-control", b"no-store")], BODY),
    ],
    ids=["short", "pictures", "what may hold a secret"],
)
def test_what_is_not_compressed(headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    answer = Answer(200, headers, body)
    _, got = head_of(answer.form("gzip")[0])
    assert answer.form("gzip")[1] == body
    assert not {"content-encoding", "vary"} & got.keys()


def test_what_compression_would_make_longer_stays() -> None:
    noise = bytes((number * 7919 * (number + 3)) % 251 for number in range(1500))
    text, body = Answer(200, HEADERS, noise).form("gzip")
    assert (len(body) < len(noise)) == ("content-encoding" in head_of(text)[1])


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        (b"", None),
        (b"gzip", "gzip"),
        (b"gzip, deflate, br, zstd", "zstd"),
        (b"gzip, br", "br"),
        (b"br;q=0.5, gzip;q=0.9", "gzip"),
        (b"GZIP ; Q=1.0", "gzip"),
        (b"*", "zstd"),
        (b"*;q=0.1, gzip;q=0", "zstd"),
        (b"identity", None),
        (b"identity;q=1, gzip;q=0.5", None),
        (b"gzip;q=0", None),
        (b"gzip;q=nan", None),
        (b"gzip;q=7", None),
        (b"gzip;q=", None),
        (b"gzip;q=0.5;x=1", None),
        (b";;,,=", None),
        (b"\xff\xfe", None),
        (b"gzip," * 200, None),
    ],
)
def test_the_coding_that_a_client_likes_best(accepted: bytes, coding: str | None) -> None:
    assert chosen(accepted) == coding


def test_only_what_is_short_is_remembered_and_not_for_ever() -> None:
    before = len(remembered())
    for number in range(3000):
        assert chosen(b"gzip, x-%d" % number) == "gzip"
        assert chosen(b"gzip," * 200 + b"%d" % number) is None
        assert len(remembered()) <= max(before + number + 1, 1024)
    assert max(map(len, remembered())) <= 512
    assert len(remembered()) <= 1024


def remembered() -> dict[bytes, str | None]:
    """Values of the header that need not be read again."""
    found: dict[bytes, str | None] = chosen.__self__  # type: ignore[attr-defined]
    return found


def test_an_etag_is_of_the_body_and_of_nothing_else() -> None:
    one = Answer(200, HEADERS, BODY, revalidates=True)
    again = Answer(200, HEADERS[:1], BODY, revalidates=True)
    other = Answer(200, HEADERS, BODY + b" ", revalidates=True)
    assert one.etag == again.etag != other.etag
    assert not Answer(200, HEADERS, BODY).etag
    assert not Answer(200, [(b"cache-control", b"no-store")], BODY, revalidates=True).etag
    status, headers = head_of(one.unchanged())
    assert status == "HTTP/1.1 304 Not Modified"
    assert headers["etag"] == one.etag.decode()
    assert not {"content-type", "content-length", "content-encoding"} & headers.keys()


def test_who_has_the_answer() -> None:
    answer = Answer(200, HEADERS, BODY, revalidates=True)
    strong = answer.etag.removeprefix(b"W/")
    for given in (answer.etag, strong, b"*", b'"x", ' + strong, b'"x" , ' + answer.etag + b' ,"y"'):
        assert answer.matches(given), given
    for given in (b"", b'"x"', strong.strip(b'"'), b"W/", answer.etag[:-1], b"**", b'W/""'):
        assert not answer.matches(given), given
    assert not Answer(200, HEADERS, BODY).matches(b"*")


@pytest.mark.parametrize("value", [b"a\r\nb", b"a\nset-cookie: x", b"a\0", b"\x7f"])
def test_no_header_begins_another(value: bytes) -> None:
    with pytest.raises(ValueError, match="control character"):
        Answer(200, [(b"location", value)], b"")
    with pytest.raises(ValueError, match="control character"):
        Answer(200, [(value, b"x")], b"")
