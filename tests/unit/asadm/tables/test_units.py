"""Values as a person sees them."""

from asadm.tables import units
from tests.each import for_each_row


@for_each_row(
    ("value", "unit", "text"),
    [
        (1023, units.BYTES, "1023 B"),
        (2047, units.BYTES, "2 KiB"),
        (60415, units.BYTES, "59 KiB"),
        (1048575, units.BYTES, "1 MiB"),
        (45, units.SECONDS, "45 s"),
        (8638, units.SECONDS, "2.4 h"),
        (864000, units.SECONDS, "10 d"),
        (600, units.SECONDS, "10 min"),
        (12.345, units.PERCENT, "12.35%"),  # nothing is rough of other units
    ],
)
def test_rough_values_take_few_places(value: float, unit: str, text: str) -> None:
    assert units.shown(value, unit, rough=True) == text
