"""Points and regions of geo JSON: which point is in which region."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asinfo.errors import WireError
from asinfo.wire.expression import Unsupported
from asudfd.aerospike.geo.shape import CORNERS_MAX, TEXT_MAX, GeoShape, shape
from tests.each import for_each, for_each_row

SQUARE = [[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]
HOLE = [[4, 4], [4, 6], [6, 6], [6, 4], [4, 4]]
ACROSS = [[170, -10], [-170, -10], [-170, 10], [170, 10], [170, -10]]
POLAR = [[0, 60], [90, 60], [180, 60], [-90, 60], [0, 60]]


def of(kind: str, coordinates: Any) -> GeoShape:
    return shape(json.dumps({"type": kind, "coordinates": coordinates}).encode())


@for_each_row(
    ("kind", "coordinates", "inside", "outside"),
    [
        ("Polygon", [SQUARE], [(5, 5), (9.9, 0.1)], [(11, 5), (-1, 5), (5, -1), (-175, -5), (0, 90)]),
        ("Polygon", [SQUARE[::-1]], [(5, 5)], [(11, 5), (185 - 360, -5)]),
        ("Polygon", [SQUARE, HOLE], [(3, 3), (7, 5)], [(5, 5)]),
        ("Polygon", [ACROSS], [(180, 0), (-179, 9), (171, 0)], [(0, 0), (169, 0), (-169, 0)]),
        ("Polygon", [POLAR], [(0, 90), (45, 80), (180, 61)], [(45, 50), (0, -90), (0, 59)]),
        ("MultiPolygon", [[SQUARE], [ACROSS]], [(5, 5), (180, 0)], [(20, 0)]),
        ("AeroCircle", [[13.4, 52.5], 10_000], [(13.4, 52.5), (13.4, 52.58)], [(13.4, 52.6), (14, 52.5)]),
        ("AeroCircle", [[0, 0], 0], [(0, 0)], [(0.001, 0)]),
        ("AeroCircle", [[0, 0], 1e9], [(180, 0), (0, 90)], []),
        ("AeroCircle", [[0, 0], 10**400], [(180, 0)], []),
    ],
)
def test_points_in_regions(kind: str, coordinates: Any, inside: list[Any], outside: list[Any]) -> None:
    region = of(kind, coordinates)
    points = {point: of("Point", point) for point in (*inside, *outside)}
    assert [point for point, found in points.items() if found.meets(region)] == inside
    assert [point for point, found in points.items() if region.meets(found)] == inside


def test_a_side_is_the_shortest_way_and_not_along_the_parallel() -> None:
    region = of("Polygon", [[[0, 50], [90, 50], [45, 10], [0, 50]]])
    assert of("Point", [45, 55]).meets(region)


def test_two_points_and_two_regions_do_not_meet() -> None:
    region, point = of("Polygon", [SQUARE]), of("Point", [0, 0])
    assert not region.meets(region)
    assert not point.meets(point)
    assert not GeoShape().meets(region)


def test_a_feature_is_its_geometry() -> None:
    feature = {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [SQUARE]}, "properties": {}}
    assert shape(json.dumps(feature).encode()).meets(of("Point", [5, 5]))


@for_each(
    [
        "", "[", "[]", "1", "null", "{}", '{"type":"Point"}', '{"type":[],"coordinates":[1,2]}', "[" * 4000,
        '{"type":"Feature"}', '{"type":"Feature","geometry":1}',
        *(json.dumps({"type": kind, "coordinates": coordinates}) for kind, coordinates in (
            ("Point", []), ("Point", [1]), ("Point", 1), ("Point", ["1", 2]), ("Point", [181, 0]), ("Point", [0, 91]), ("Point", [10**400, 0]),
            ("Point", [float("nan"), 0]), ("LineString", [[1, 2], [3, 4]]), ("Polygon", []), ("Polygon", [[]]),
            ("Polygon", [SQUARE[:-1]]), ("Polygon", [SQUARE[:2] + SQUARE[:1]]), ("Polygon", SQUARE),
            ("MultiPolygon", []), ("MultiPolygon", [SQUARE]), ("AeroCircle", [[0, 0]]), ("AeroCircle", [[0, 0], -1]),
            ("AeroCircle", [[0, 0], float("inf")]), ("AeroCircle", [0, 1]), ("AeroCircle", {"a": 1}),
        )),
    ]
)  # fmt: skip
def test_what_is_no_shape(text: str) -> None:
    with pytest.raises(WireError):
        shape(text.encode())


@for_each([b"[" * (CORNERS_MAX + 1), b" " * (TEXT_MAX + 1)])
def test_what_is_too_large_is_not_read(text: bytes) -> None:
    with pytest.raises(Unsupported):
        shape(text)


def test_corners_that_are_all_in_one_place_hold_nothing() -> None:
    assert not of("Point", [1, 1]).meets(of("Polygon", [[[5, 5]] * 4]))


numbers = st.one_of(st.integers(-200, 200), st.floats(), st.just(10**400), st.booleans(), st.none())
places = st.lists(st.one_of(numbers, st.sampled_from([[0, 0], [10, 0], [0, 10]])), max_size=4)
coordinates = st.recursive(places, lambda inner: st.lists(inner, max_size=5), max_leaves=12)
kinds = st.sampled_from(["Point", "Polygon", "MultiPolygon", "AeroCircle", "Feature", "x"])


@given(kinds, coordinates)
def test_no_text_raises_anything_else(kind: str, parts: Any) -> None:
    with suppress(WireError):
        found = of(kind, parts)
        assert not (found.meets(of("Point", [1, 1])) and found.point)
