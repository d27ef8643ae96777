"""Geo JSON as points and regions: Point, Polygon, MultiPolygon, AeroCircle, and a Feature of one of them."""

from __future__ import annotations

from json import loads
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from asinfo.errors import WireError
from asinfo.wire.expression import Unsupported
from asinfo.wire.geo_cell import vector
from asudfd.aerospike.geo.region import Polygon, Region, Regions, Ring, circle

if TYPE_CHECKING:
    from asinfo.wire.geo_cell import Vector

TEXT_MAX = 256 << 10
"""Longest text that is looked at, in bytes: CORNERS_MAX corners fit into it as they are commonly written."""

CORNERS_MAX = 4096
"""Most corners and rings of a region: to read so many takes 10 ms, to look whether a point is among them 2 ms, of a turn of
the event loop."""

_RING_MIN = 4
"""Fewest corners of a ring, the first of which comes again as the last."""


class GeoShape(NamedTuple):
    """A point, or a region: one of them."""

    point: Vector | None = None
    region: Region | None = None

    def meets(self, other: GeoShape) -> bool:
        """Whether one is a point in the region that the other is."""
        if self.region is not None and other.point is not None:
            return self.region.contains(other.point)
        return other.region is not None and self.point is not None and other.region.contains(self.point)


def shape(text: bytes) -> GeoShape:
    """The shape that a geo JSON text is. Raises WireError, and Unsupported for one that is too large."""
    if len(text) > TEXT_MAX or text.count(b"[") > CORNERS_MAX:
        raise Unsupported(f"a region of more than {TEXT_MAX} bytes or {CORNERS_MAX} corners")
    try:
        found = loads(text)
    except (ValueError, RecursionError):
        raise WireError("not JSON") from None
    return _shape(found)


def _shape(found: Any) -> GeoShape:
    try:
        if found["type"] == "Feature":
            found = found["geometry"]
        kind, coordinates = found["type"], found["coordinates"]
    except (TypeError, KeyError):
        raise WireError("a geo JSON value without type or coordinates") from None
    if kind == "Point":
        return GeoShape(point=_point(coordinates))
    read = _REGIONS.get(kind) if isinstance(kind, str) else None
    if read is None:
        raise WireError("a geo JSON value of a type that is neither a point nor a region")
    return GeoShape(region=read(coordinates))


def _point(pair: Any) -> Vector:
    if not isinstance(pair, list) or len(pair) < 2:
        raise WireError("a place has two coordinates")
    return vector(_degrees(pair[0], 180), _degrees(pair[1], 90))


def _degrees(number: Any, most: int) -> float:
    if not isinstance(number, int | float) or not -most <= number <= most:
        raise WireError(f"a coordinate is no number from -{most} to {most}")
    return float(number)


def _circle(pair: Any) -> Region:
    match pair:
        case [middle, int() | float() as meters] if 0 <= meters < inf:
            return circle(_point(middle), meters)
    raise WireError("a circle has a middle and a radius in meters")


def _polygon(rings: Any) -> Region:
    if not isinstance(rings, list) or not rings:
        raise WireError("a polygon has rings")
    ring, *holes = map(_ring, rings)
    return Polygon(ring, holes)


def _ring(corners: Any) -> Ring:
    if not isinstance(corners, list) or len(corners) < _RING_MIN or corners[0] != corners[-1]:
        raise WireError("a ring has four corners or more, the last of which is the first again")
    return Ring([_point(corner) for corner in corners[1:]])


def _polygons(several: Any) -> Region:
    if not isinstance(several, list) or not several:
        raise WireError("a polygon of several has one at least")
    return Regions([_polygon(each) for each in several])


_REGIONS = {"Polygon": _polygon, "MultiPolygon": _polygons, "AeroCircle": _circle}
