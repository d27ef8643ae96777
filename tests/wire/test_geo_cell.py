"""Cells of points: what the S2 library gives, and a recorded one."""

from __future__ import annotations

from asinfo.wire.geo_cell import leaf_cell
from tests.each import for_each_row

POINTS = [
    (1, 2, 0x10036E17CA9FB709),
    (0, 0, 0x1000000000000001),
    (90, 0, 0x3000000000000001),
    (180, 0, 0x6FFFFFFFFFFFFFFF),
    (-180, 0, 0x7000000000000001),
    (-90, 0, 0x9000000000000001),
    (0, 90, 0x5000000000000001),
    (0, -90, 0xB000000000000001),
    (45, 35.264389682754654, 0x4000000000000001),
    (13.4, 52.5, 0x47A84FD52BA654F7),
    (-122.4, 37.8, 0x8085805F0D32C5BF),
    (151.2, -33.9, 0x6B12B1C598AD7F87),
    (-43.2, -22.9, 0x00997F16152B1503),
]


@for_each_row(("longitude", "latitude", "cell"), POINTS)
def test_the_cell_of_a_point(longitude: float, latitude: float, cell: int) -> None:
    assert leaf_cell(longitude, latitude) == cell
