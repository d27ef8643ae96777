"""Payloads of FUNCTION DUMP as lists of libraries."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asadm.target.valkey.dump_payload import LibraryTexts, chunks_of, hash_of, string_of
from asinfo.errors import WireError
from asinfo.wire.functions import dump
from asinfo.wire.rdb import VERSION_9_1


def text(name: str, body: bytes = b"") -> bytes:
    return b"#!lua name=" + name.encode() + b"\n" + body


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("size", [0, 20, 62, 63, 64, 16_000, 17_000, 70_000])
def test_the_texts_of_a_payload(size: int, compressed: bool) -> None:
    body = b"-- " + b"abc " * (size // 4)
    payload = dump([text("a", body), text("b")], VERSION_9_1, compressed=compressed)
    texts = LibraryTexts()
    listed = texts.listed(payload)
    assert list(listed) == [b"a", b"b"]
    assert texts.texts[listed[b"a"]] == text("a", body)
    assert listed[b"b"] == hash_of(text("b")) == sha256(text("b")).hexdigest()


def test_nodes_with_the_same_libraries_share_a_list_whatever_their_order_and_form() -> None:
    texts = LibraryTexts()
    first = texts.listed(dump([text("a", b"x" * 100), text("b")]))
    assert texts.listed(dump([text("b"), text("a", b"x" * 100)], VERSION_9_1, compressed=True)) is first
    assert texts.listed(dump([text("b")])) is not first
    assert texts.listed(dump([])) == {}


@given(st.binary(max_size=60))
def test_other_bytes_are_refused_and_nothing_else_happens(data: bytes) -> None:
    for payload in (data, b"\xf5" + data, b"\xf5\xc3" + data):
        try:
            LibraryTexts().listed(payload)
        except WireError:
            continue


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xf5" * 9,
        b"\xf6\x01a" + bytes(10),
        b"\xf5\x20a" + bytes(10),
        b"\xf5\x81\xff\xff\xff\xff\xff\xff\xff\xff" + bytes(10),
        b"\xf5\xc3\x05\x80\x7f\xff\xff\xff12345" + bytes(10),
        b"\xf5\x03abc" + bytes(10),
    ],
)
def test_payloads_that_cannot_be(payload: bytes) -> None:
    with pytest.raises(WireError):
        LibraryTexts().listed(payload)


def test_chunks_are_cut_without_being_read() -> None:
    chunks = list(chunks_of(dump([text("a"), text("b", b"y" * 9000)], compressed=True)))
    assert [string_of(chunk) for chunk in chunks] == [text("a"), text("b", b"y" * 9000)]
