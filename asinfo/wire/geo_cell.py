"""The cell of the S2 geometry in which a point on the sphere is: a number of 64 bits, which a geo JSON value has with it.

The sphere is projected on the six faces of a cube. The number is that of the face (3 bits), 30 times the quarter of the
last square in which the point is (2 bits each, along a Hilbert curve), and a bit that is set.
Source: the description of S2 cells at s2geometry.io.
"""

from __future__ import annotations

from math import cos, radians, sin, sqrt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    Vector: TypeAlias = tuple[float, float, float]

LEVELS = 30

_QUARTERS = ((0, 1, 3, 2), (0, 3, 1, 2), (2, 3, 1, 0), (2, 1, 3, 0))
"""For each turn of the curve, which part of it is in each quarter of a square: the quarters by the bits of both sides."""

_TURNS = (1, 0, 0, 3)
"""How the curve is turned in each of its parts: 1 swaps the sides, 2 goes along them the other way."""


_FACES = (
    ((1, 1), (2, 1)),
    ((0, -1), (2, 1)),
    ((0, -1), (1, -1)),
    ((2, 1), (1, 1)),
    ((2, 1), (0, -1)),
    ((1, -1), (0, -1)),
)
"""For each face the axes of both its sides, each with its sign."""


def vector(longitude: float, latitude: float) -> Vector:
    """A point on the sphere of radius 1, from degrees."""
    along, up = radians(longitude), radians(latitude)
    return cos(along) * cos(up), sin(along) * cos(up), sin(up)


def leaf_cell(longitude: float, latitude: float) -> int:
    """The number of the smallest cell that a point is in."""
    face, across, up = _projected(vector(longitude, latitude))
    one, other = _side(across), _side(up)
    turn, number = face & 1, face
    for level in reversed(range(LEVELS)):
        part = _QUARTERS[turn][(one >> level & 1) << 1 | other >> level & 1]
        number = number << 2 | part
        turn ^= _TURNS[part]
    return number << 1 | 1


def _projected(point: Vector) -> tuple[int, float, float]:
    """The face that a point is on, and where on it, from -1 to 1."""
    axis = max((2, 1, 0), key=lambda each: abs(point[each]))
    depth = point[axis]
    face = axis if depth >= 0 else axis + 3
    (one, one_sign), (other, other_sign) = _FACES[face]
    return face, one_sign * point[one] / depth, other_sign * point[other] / depth


def _side(place: float) -> int:
    """A place on a side of a face as a number of LEVELS bits; squares are made about equally large on the sphere."""
    share = sqrt(1 + 3 * place) / 2 if place >= 0 else 1 - sqrt(1 - 3 * place) / 2
    return max(0, min((1 << LEVELS) - 1, int(share * (1 << LEVELS))))
