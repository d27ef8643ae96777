"""Addresses of records as they are typed."""

from __future__ import annotations

import pytest

from asadm.target.aerospike.records.address import record_address, set_address
from asinfo.errors import UsageError
from asinfo.wire.request import Key
from tests.each import for_each_row

DIGEST = "00112233445566778899aabbccddeeff00112233"


@for_each_row(
    ("text", "kind", "value"),
    [
        ("test.demo/k", "auto", "k"),
        ("test.demo/5", "auto", 5),
        ("test.demo/-5", "auto", -5),
        ('test.demo/"5"', "auto", "5"),
        ("test.demo/5", "string", "5"),
        ("test.demo/1.5", "auto", "1.5"),
        ("test.demo/true", "auto", "true"),
        ("test.demo/[1]", "auto", "[1]"),
        ("test.demo/a/b.c", "auto", "a/b.c"),
        ("test.demo/00ff", "bytes", b"\x00\xff"),
        ("test.demo/17", "integer", 17),
    ],
)
def test_a_key(text: str, kind: str, value: int | str | bytes) -> None:
    found = record_address(text, kind)
    assert (type(found.value), found.value) == (type(value), value)
    assert found.key.digest == Key("test", "demo", value).digest


def test_places() -> None:
    assert (record_address("test/k").place.namespace, record_address("test/k").place.set_name) == ("test", "")
    assert record_address("test.a.b/k").place.set_name == "a.b"
    assert str(set_address("test.demo")) == "test.demo"


def test_a_digest() -> None:
    found = record_address(f"test.demo/{DIGEST}", "digest")
    assert (found.value, found.key.digest.hex(), found.shown, found.kind) == (None, DIGEST, DIGEST, "digest")


@for_each_row(
    ("text", "kind"),
    [
        ("test.demo", "auto"),
        ("test.demo/", "auto"),
        ("/k", "auto"),
        (".demo/k", "auto"),
        ("n" * 32 + "/k", "auto"),
        ("test." + "s" * 64 + "/k", "auto"),
        ("test/xyz", "bytes"),
        ("test/abc", "bytes"),
        ("test/1.5", "integer"),
        ("test/9223372036854775808", "integer"),
        ("test/9223372036854775808", "auto"),
        ("test/00", "digest"),
        ("test/" + "x" * 40, "digest"),
    ],
)
def test_what_is_no_record(text: str, kind: str) -> None:
    with pytest.raises(UsageError):
        record_address(text, kind)
