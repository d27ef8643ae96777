"""Geo JSON as points and regions: Point, Polygon, MultiPolygon, AeroCircle, and a Feature of one of them.

A region may be as large as a record: it is read in pieces, each of which is charged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asinfo.errors import WireError
from asinfo.wire.geo_cell import vector
from asinfo.wire.geo_json import GeoOutline
from asinfo.wire.particle import geo_text
from asudfd.aerospike.geo.region import Polygons, Region, circle
from asudfd.aerospike.message.cost import PLACE_STEPS, SHAPE_STEPS, CostExceededError

if TYPE_CHECKING:
    from asinfo.wire.geo_cell import Vector
    from asinfo.wire.json_pieces import JsonPieces
    from asudfd.aerospike.message.cost import CostBudget

_RING_MIN = 4
"""Fewest corners of a ring, the first of which comes again as the last."""


class GeoShape(NamedTuple):
    """A point, or a region: one of them."""

    point: Vector | None = None
    region: Region | None = None

    def meets(self, other: GeoShape, budget: CostBudget) -> bool:
        """Whether one is a point in the region that the other is. Raises CostExceededError."""
        if self.region is not None and other.point is not None:
            return self.region.contains(other.point, budget)
        if other.region is not None and self.point is not None:
            return other.region.contains(self.point, budget)
        return False


def shape(text: bytes, budget: CostBudget) -> GeoShape:
    """The shape that a geo JSON text is. Raises WireError for what is none, and CostExceededError."""
    budget.foresee(len(text) * SHAPE_STEPS)
    outline = GeoOutline(text, budget.charge_text)
    reader = outline.coordinates()
    if outline.kind == "Point":
        return GeoShape(point=_point(reader.place()))
    if outline.kind == "AeroCircle":
        return GeoShape(region=_circle(reader))
    polygons = Polygons()
    if outline.kind == "Polygon":
        _read_polygon(reader, polygons, budget)
    else:
        reader.open()
        _read_polygon(reader, polygons, budget)
        while reader.more():
            _read_polygon(reader, polygons, budget)
        reader.close()
    return GeoShape(region=polygons)


def stored_shape(data: bytes, budget: CostBudget) -> GeoShape | None:
    """The shape that a stored value is, None for what is none. Raises CostExceededError."""
    try:
        return shape(geo_text(data), budget)
    except CostExceededError:
        raise
    except WireError:
        return None


def _point(place: list[float]) -> Vector:
    if len(place) < 2:
        raise WireError("a place has two coordinates")
    longitude, latitude = place[0], place[1]
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        raise WireError("a longitude is a number from -180 to 180, a latitude one from -90 to 90")
    return vector(longitude, latitude)


def _circle(reader: JsonPieces) -> Region:
    reader.open()
    middle = _point(reader.place())
    if not reader.more():
        raise WireError("a circle has a middle and a radius in meters")
    meters = reader.number()
    reader.close()
    if meters < 0:
        raise WireError("a radius is not less than 0")
    return circle(middle, meters)


def _read_polygon(reader: JsonPieces, polygons: Polygons, budget: CostBudget) -> None:
    """Add a ring and its holes."""
    reader.open()
    _read_ring(reader, polygons, budget, is_hole=False)
    while reader.more():
        _read_ring(reader, polygons, budget, is_hole=True)
    reader.close()


def _read_ring(reader: JsonPieces, polygons: Polygons, budget: CostBudget, *, is_hole: bool) -> None:
    first: list[float] = []
    last: list[float] = []
    count = 0
    for places in reader.places():
        budget.charge(len(places) * PLACE_STEPS)
        first = first or places[0]
        last = places[-1]
        count += len(places)
        polygons.add_corners(list(map(_point, places)))
    if count < _RING_MIN or first[:2] != last[:2]:
        raise WireError("a ring has four corners or more, the last of which is the first again")
    polygons.add_ring(budget, is_hole=is_hole)
