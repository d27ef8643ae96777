"""Regions on the sphere, and whether a point is in one.

The sides of a polygon are the shortest ways between its corners. A polygon is the smaller of the two parts of the sphere
that its sides part, so that no order of the corners is wrong; it must fit into half of the sphere.
"""

from __future__ import annotations

from array import array
from itertools import chain
from math import atan2, cos, hypot, pi, tau
from typing import TYPE_CHECKING, NamedTuple, Protocol

from asudfd.aerospike.message.cost import CORNER_STEPS, NEW_RING_STEPS, RING_STEPS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asinfo.wire.geo_cell import Vector
    from asudfd.aerospike.message.cost import CostBudget

EARTH_RADIUS = 6_371_000.0
"""Meters from the middle of the earth."""

_NEAR = 1e-15
"""Differences of cosines that come from rounding."""

_PIECE = 3 * 512
"""Numbers of corners that are looked at before the budget is asked again: 0.3 ms."""


class Region(Protocol):
    """A part of the sphere."""

    def contains(self, point: Vector, budget: CostBudget) -> bool:
        """Whether a point is in it. Raises CostExceededError."""


class Circle(NamedTuple):
    """What is within a distance of a point, which is measured by its cosine."""

    middle: Vector
    least_cosine: float

    def contains(self, point: Vector, _budget: CostBudget) -> bool:
        """Whether a point is in it."""
        return _dot(self.middle, point) >= self.least_cosine - _NEAR


def circle(middle: Vector, meters: float) -> Circle:
    """What is within so many meters of a point."""
    return Circle(middle, cos(min(meters, pi * EARTH_RADIUS) / EARTH_RADIUS))


class Polygons:
    """What is in one of several rings and in none of its holes, which are the rings behind it.

    All corners are numbers in one array, three for each: a region has up to a million, and objects in their place take six
    times the memory, and 100 ms in one call to be given back. Each ring has a circle around it, in which most points are not.
    """

    __slots__ = ("_arounds", "_corners", "_ends", "_holes")

    def __init__(self) -> None:
        self._corners = array("d")
        self._ends = array("q")
        self._arounds = array("d")
        self._holes = bytearray()

    def add_corners(self, corners: list[Vector]) -> None:
        """More corners of the ring that comes next."""
        self._corners.extend(chain.from_iterable(corners))

    def add_ring(self, budget: CostBudget, *, is_hole: bool) -> None:
        """That ring, the last corner of which is the first again. Raises CostExceededError."""
        del self._corners[-3:]
        start, end = self._ends[-1] if self._ends else 0, len(self._corners)
        budget.charge(NEW_RING_STEPS)
        x = y = z = 0.0
        for xs, ys, zs in self._pieces(start, end, budget):
            x, y, z = x + sum(xs), y + sum(ys), z + sum(zs)
        middle = x, y, z = _unit((x, y, z))
        least = 1.0
        for piece in self._pieces(start, end, budget):
            least = min(
                least, *(x * one + y * other + z * third for one, other, third in zip(*piece, strict=True))
            )
        self._arounds.extend((*middle, least))
        self._ends.append(end)
        self._holes.append(is_hole)

    def contains(self, point: Vector, budget: CostBudget) -> bool:
        """Whether a point is in one of them. Raises CostExceededError."""
        within, start = False, 0
        budget.foresee(len(self._ends) * RING_STEPS)
        for number, end in enumerate(self._ends):
            budget.charge(RING_STEPS)
            if self._holes[number]:
                within = within and not self._holds(number, start, point, budget)
            elif within:
                break
            else:
                within = self._holds(number, start, point, budget)
            start = end
        return within

    def _holds(self, number: int, start: int, point: Vector, budget: CostBudget) -> bool:
        """Whether a point is in a ring, which begins at ``start``: seen from there, the corners go around once."""
        x, y, z, least = self._arounds[4 * number : 4 * number + 4]
        if _dot((x, y, z), point) < least - _NEAR:
            return False
        end = self._ends[number]
        (ex, ey, ez), (nx, ny, nz) = _axes(point)
        x, y, z = self._corners[end - 3 : end]
        before, turned = atan2(ex * x + ey * y + ez * z, nx * x + ny * y + nz * z), 0.0
        for piece in self._pieces(start, end, budget):
            for x, y, z in zip(*piece, strict=True):  # written out: half the time
                direction = atan2(ex * x + ey * y + ez * z, nx * x + ny * y + nz * z)
                turned += (direction - before + pi) % tau - pi
                before = direction
        return abs(turned) > pi

    def _pieces(
        self, start: int, end: int, budget: CostBudget
    ) -> Iterator[tuple[array[float], array[float], array[float]]]:
        """The numbers of the corners in a range, some at a time: all first ones, second ones, third ones."""
        budget.foresee((end - start) / 3 * CORNER_STEPS)
        for at in range(start, end, _PIECE):
            piece = self._corners[at : min(at + _PIECE, end)]
            budget.charge(len(piece) / 3 * CORNER_STEPS)
            yield piece[::3], piece[1::3], piece[2::3]


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
