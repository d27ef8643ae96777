"""Regions on the sphere, and whether a point is in one.

The sides of a polygon are the shortest ways between its corners. A polygon is the smaller of the two parts of the sphere
that its sides part, so that no order of the corners is wrong; it must fit into half of the sphere.
"""

from __future__ import annotations

from math import atan2, cos, hypot, pi, tau
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asinfo.wire.geo_cell import Vector

EARTH_RADIUS = 6_371_000.0
"""Meters from the middle of the earth."""

_NEAR = 1e-15
"""Differences of cosines that come from rounding."""


class Region(Protocol):
    """A part of the sphere."""

    def contains(self, point: Vector) -> bool:
        """Whether a point is in it."""


class Circle(NamedTuple):
    """What is within a distance of a point, which is measured by its cosine."""

    middle: Vector
    least_cosine: float

    def contains(self, point: Vector) -> bool:
        """Whether a point is in it."""
        return _dot(self.middle, point) >= self.least_cosine - _NEAR


def circle(middle: Vector, meters: float) -> Circle:
    """What is within so many meters of a point."""
    return Circle(middle, cos(min(meters, pi * EARTH_RADIUS) / EARTH_RADIUS))


class Ring:
    """What is within the sides between corners, and a circle around it, in which most points are not."""

    __slots__ = ("_around", "_corners")

    def __init__(self, corners: Sequence[Vector]) -> None:
        self._corners = corners
        middle = _unit(
            (sum(x for x, _, _ in corners), sum(y for _, y, _ in corners), sum(z for *_, z in corners))
        )
        self._around = Circle(middle, min(_dot(middle, corner) for corner in corners))

    def contains(self, point: Vector) -> bool:
        """Whether a point is in it: seen from there, the corners go around once."""
        if not self._around.contains(point):
            return False
        east, north = _axes(point)
        directions = [atan2(_dot(east, corner), _dot(north, corner)) for corner in self._corners]
        before, turned = directions[-1], 0.0
        for direction in directions:
            turned += (direction - before + pi) % tau - pi
            before = direction
        return abs(turned) > pi


class Polygon(NamedTuple):
    """What is in a ring, and not in one of its holes."""

    ring: Ring
    holes: list[Ring]

    def contains(self, point: Vector) -> bool:
        """Whether a point is in it."""
        return self.ring.contains(point) and not any(hole.contains(point) for hole in self.holes)


class Regions(NamedTuple):
    """Several regions as one."""

    parts: list[Region]

    def contains(self, point: Vector) -> bool:
        """Whether a point is in one of them."""
        return any(part.contains(point) for part in self.parts)


def _dot(one: Vector, other: Vector) -> float:
    return one[0] * other[0] + one[1] * other[1] + one[2] * other[2]


def _unit(of: Vector) -> Vector:
    x, y, z = of
    length = hypot(x, y, z)
    return (x / length, y / length, z / length) if length else (0.0, 0.0, 0.0)


def _axes(point: Vector) -> tuple[Vector, Vector]:
    """The directions to the east and to the north of a point; at a pole any two at a right angle."""
    x, y, z = point
    east = _unit((-y, x, 0.0)) if x or y else (0.0, 1.0, 0.0)
    return east, (-z * east[1], z * east[0], x * east[1] - y * east[0])
