"""Particles: values to bytes and back, and what a node stores of a write."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asinfo.errors import WireError
from asinfo.wire import particle
from asinfo.wire.msgpack import GeoJSON, Raw
from asinfo.wire.particle import Opaque, Refused
from asinfo.wire.result import Result
from tests.each import for_each_row

POINT = b'{"type": "Point", "coordinates": [0, 0]}'
CELL = bytes.fromhex("00 0001 1000000000000001")
NO_POINT = b'{"type": "Point", "coordinates": [0, 91]}'

PAIRS = [
    (None, 0, ""),
    (5, 1, "0000000000000005"),
    (-1, 1, "FFFFFFFFFFFFFFFF"),
    (2.0, 2, "4000000000000000"),
    ("", 3, ""),
    ("a", 3, "61"),
    (b"a", 4, "61"),
    (True, 17, "01"),
    (False, 17, "00"),
    ([1, "a"], 20, "92 01 A20361"),
    ({"a": b"b"}, 19, "81 A20361 A20462"),
    (GeoJSON("{}"), 23, "00 0000 7B7D"),
    (Opaque(9, b"pickled"), 9, "7069636B6C6564"),
    (Opaque(18, b"hll"), 18, "686C6C"),
]


@for_each_row(("value", "kind", "text"), PAIRS)
def test_both_ways(value: Any, kind: int, text: str) -> None:
    data = bytes.fromhex(text)
    assert particle.pack(value) == (kind, data)
    found = particle.unpack(kind, data)
    assert found == value
    assert type(found) is type(value)


def test_a_value_of_a_list_that_nobody_looks_into() -> None:
    assert particle.pack(Raw(b"\x12hll")) == (18, b"hll")
    assert particle.pack(Raw(b"\x09")) == (9, b"")
    for data in (b"", b"\x01a", b"text"):
        with pytest.raises(WireError):
            particle.pack(Raw(data))


@pytest.mark.parametrize(
    ("kind", "text", "wanted"),
    [
        (1, "FF", -1),
        (1, "0100", 256),
        (1, "80000000", -(1 << 31)),
        (23, "00 0001 0000000000000000 7B7D", "{}"),
    ],
)
def test_read_only_forms(kind: int, text: str, wanted: Any) -> None:
    assert particle.unpack(kind, bytes.fromhex(text)) == wanted


@for_each_row(
    ("kind", "text"),
    [
        (1, ""), (1, "000000"), (1, "000000000000000000"), (2, "00000000"), (17, ""), (17, "02"), (17, "0000"),
        (19, "90"), (19, ""), (20, "80"), (20, "9201"), (23, ""), (23, "0000"), (23, "00 0001 7B7D"),
        (5, ""), (6, ""), (13, ""), (21, ""), (22, ""), (24, ""), (255, ""),
    ],
)  # fmt: skip
def test_no_particle(kind: int, text: str) -> None:
    with pytest.raises(WireError):
        particle.unpack(kind, bytes.fromhex(text))


@for_each_row("value", [1 << 63, -(1 << 63) - 1, object(), (1,), "\ud800", GeoJSON("\ud800"), [1 << 64]])
def test_no_value_of_a_bin(value: Any) -> None:
    with pytest.raises(WireError):
        particle.pack(value)


def test_opaque_values_and_their_looks() -> None:
    assert repr(Opaque(9, b"x")) == "Opaque(9, b'x')"
    assert len({Opaque(9, b"x"), Opaque(9, b"x"), Opaque(10, b"x")}) == 2
    assert Opaque(9, b"x") != b"x"


# ---- writes


@for_each_row(
    ("kind", "data", "kept"),
    [
        (1, bytes(7) + b"\5", None),
        (1, b"\x05", bytes(7) + b"\5"),
        (1, b"\xff\xfe", b"\xff" * 7 + b"\xfe"),
        (1, b"\x80\0\0\0", b"\xff" * 4 + b"\x80\0\0\0"),
        (2, bytes(8), None),
        (3, b"\xff\0", None),
        (4, b"", None),
        (9, b"pickled", None),
        (17, b"\1", None),
        (18, b"hll", None),
        (19, b"\x81\1\2", None),
        (20, b"\x92\1\xa1a", None),
        (23, b"\0\0\0" + POINT, CELL + POINT),
        (23, b"\0\0\2" + bytes(16) + POINT, CELL + POINT),
        (23, b"\2\0\0" + POINT, CELL + POINT),
        (23, b"\0\0\0" + NO_POINT, None),
        (23, b"\0\0\1" + bytes(8) + NO_POINT, b"\0\0\0" + NO_POINT),
        (23, b'\0\0\0{"type": "Feature", "geometry": {"type": "MultiPolygon"}}', None),
    ],
)
def test_stored(kind: int, data: bytes, kept: bytes | None) -> None:
    assert particle.stored(kind, data) == (data if kept is None else kept)


@for_each_row(
    ("kind", "data", "code"),
    [
        (0, b"", Result.PARAMETER),
        (1, bytes(3), Result.PARAMETER),
        (1, b"", Result.PARAMETER),
        (1, bytes(16), Result.PARAMETER),
        (2, bytes(4), Result.PARAMETER),
        (5, b"", Result.PARAMETER),
        (16, b"", Result.PARAMETER),
        (17, b"\2", Result.PARAMETER),
        (255, b"", Result.PARAMETER),
        (19, b"\x82\1\1\1\1", Result.SERVER_ERROR),
        (19, b"\x90", Result.SERVER_ERROR),
        (20, b"\x92\1", Result.SERVER_ERROR),
        (20, b"\x93\xc7\0\1\2\1", Result.SERVER_ERROR),
        (23, b"\0\0\0{", Result.GEOJSON),
        (23, b"\0\0\0[1]", Result.GEOJSON),
        (23, b"\0\0\0{}", Result.GEOJSON),
        (23, b'\0\0\0{"type": "point", "coordinates": [1, 2]}', Result.GEOJSON),
        (23, b'\0\0\0{"type": "MultiPoint", "coordinates": [[1, 2]]}', Result.GEOJSON),
        (23, b'\0\0\0{"type": "Feature"}', Result.GEOJSON),
        (23, b'\0\0\0{"type": "Feature", "geometry": {"type": "LineString"}}', Result.GEOJSON),
        (23, b"\0\0\0" + b"[" * 100_000, Result.GEOJSON),
        (23, b"\0\0\0\xff\xfe", Result.GEOJSON),
        (23, b"\0\0\2" + bytes(8) + POINT, Result.GEOJSON),
        (23, b"", Result.GEOJSON),
    ],
)
def test_refused(kind: int, data: bytes, code: int) -> None:
    with pytest.raises(Refused) as caught:
        particle.stored(kind, data)
    assert caught.value.code == code


@given(st.integers(0, 30), st.binary(max_size=40))
def test_any_bytes_are_stored_or_refused(kind: int, data: bytes) -> None:
    with contextlib.suppress(Refused):
        kept = particle.stored(kind, data)
        assert particle.stored(kind, kept) == kept
        with contextlib.suppress(WireError):  # a map may have more keys than a dict tells apart
            particle.unpack(kind, kept)
    with contextlib.suppress(WireError):
        particle.unpack(kind, data)
