"""Points and regions of geo JSON: which point is in which region."""

from __future__ import annotations

import json
from contextlib import nullcontext, suppress
from math import cos, sin, tau
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asinfo.errors import WireError
from asudfd.aerospike.geo.shape import GeoShape, shape
from asudfd.aerospike.message.cost import (
    CORNER_STEPS,
    RING_STEPS,
    TURN_STEPS,
    BesideBudget,
    CostBudget,
    CostExceededError,
)
from tests.each import for_each, for_each_row

SQUARE = [[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]
HOLE = [[4, 4], [4, 6], [6, 6], [6, 4], [4, 4]]
ACROSS = [[170, -10], [-170, -10], [-170, 10], [170, 10], [170, -10]]
POLAR = [[0, 60], [90, 60], [180, 60], [-90, 60], [0, 60]]


def of(kind: str, coordinates: Any) -> GeoShape:
    return shape(json.dumps({"type": kind, "coordinates": coordinates}).encode(), CostBudget())


def meet(one: GeoShape, other: GeoShape) -> bool:
    return one.meets(other, CostBudget())


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
    assert [point for point, found in points.items() if meet(found, region)] == inside
    assert [point for point, found in points.items() if meet(region, found)] == inside


def test_a_side_is_the_shortest_way_and_not_along_the_parallel() -> None:
    region = of("Polygon", [[[0, 50], [90, 50], [45, 10], [0, 50]]])
    assert meet(of("Point", [45, 55]), region)


def test_two_points_and_two_regions_do_not_meet() -> None:
    region, point = of("Polygon", [SQUARE]), of("Point", [0, 0])
    assert not meet(region, region)
    assert not meet(point, point)
    assert not meet(GeoShape(), region)


def test_a_feature_is_its_geometry() -> None:
    feature = {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [SQUARE]}, "properties": {}}
    assert meet(shape(json.dumps(feature).encode(), CostBudget()), of("Point", [5, 5]))


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
        shape(text.encode(), CostBudget())


def around(corners: int, spaces: str = "") -> GeoShape:
    """A region of so many corners, 20 degrees around where both degrees are 0."""
    angles = [tau * number / corners for number in [*range(corners), 0]]
    places = ",".join(f"[{20 * cos(angle):.6f},{20 * sin(angle):.6f}]{spaces}" for angle in angles)
    return shape(f'{{"type":"Polygon","coordinates":[[{places}]]}}'.encode(), BesideBudget())


@for_each([3, 4095, 4096, 5000, 60_000])
def test_regions_of_any_size(corners: int) -> None:
    region, budget = around(corners), BesideBudget()
    assert of("Point", [0.5, 0]).meets(region, budget)
    assert not of("Point", [25, 0]).meets(region, budget)


def test_places_that_are_longer_than_a_piece() -> None:
    assert meet(of("Point", [0, 0]), around(4, " " * 5000))
    number = "1" + "0" * 5000
    for longitude, wide in (f"{number}e-{len(number)}", True), (f"-0.{number}", True), (f"1{number}", False):
        text = f'{{"type":"Point","coordinates":[{longitude},0]}}'.encode()
        with nullcontext() if wide else pytest.raises(WireError):
            assert meet(shape(text, CostBudget()), around(4))


def test_what_costs_more_than_a_turn_is_not_begun() -> None:
    region, budget = around(60_000), CostBudget()
    with pytest.raises(CostExceededError):
        of("Point", [0, 0]).meets(region, budget)
    assert budget.left == TURN_STEPS - RING_STEPS
    budget = CostBudget()
    with pytest.raises(CostExceededError):
        shape(b" " * TURN_STEPS, budget)
    assert budget.left == TURN_STEPS


def test_each_corner_that_is_looked_at_is_charged() -> None:
    region, budget = around(5000), CostBudget()
    assert of("Point", [0, 0]).meets(region, budget)
    assert budget.left == TURN_STEPS - RING_STEPS - 5000 * CORNER_STEPS
    assert not of("Point", [50, 0]).meets(region, budget)
    assert budget.left == TURN_STEPS - 2 * RING_STEPS - 5000 * CORNER_STEPS


def test_a_hole_belongs_to_the_ring_before_it() -> None:
    shifted = [[longitude + 20, latitude] for longitude, latitude in SQUARE]
    region = of("MultiPolygon", [[SQUARE, HOLE], [shifted], [HOLE]])
    assert all(meet(region, of("Point", place)) for place in ([3, 3], [5, 5], [25, 5]))
    assert not meet(of("MultiPolygon", [[SQUARE, HOLE], [shifted, HOLE]]), of("Point", [5, 5]))


def test_corners_that_are_all_in_one_place_hold_nothing() -> None:
    assert not meet(of("Point", [1, 1]), of("Polygon", [[[5, 5]] * 4]))


numbers = st.one_of(st.integers(-200, 200), st.floats(), st.just(10**400), st.booleans(), st.none())
places = st.lists(st.one_of(numbers, st.sampled_from([[0, 0], [10, 0], [0, 10]])), max_size=4)
coordinates = st.recursive(places, lambda inner: st.lists(inner, max_size=5), max_leaves=12)
kinds = st.sampled_from(["Point", "Polygon", "MultiPolygon", "AeroCircle", "Feature", "x"])


@given(kinds, coordinates)
def test_no_text_raises_anything_else(kind: str, parts: Any) -> None:
    with suppress(WireError):
        found = of(kind, parts)
        assert not (meet(found, of("Point", [1, 1])) and found.point)
