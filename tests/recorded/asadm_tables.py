"""The tables of asadm beside those of the vendor's, made of the same recorded replies of three real nodes.

The vendor's documents hold each value as it was read (``raw``). Every value that both tables have is compared; where they
differ on purpose, a row of `DIFFERENT` says why.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.recorded.verdict import Row, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FILE = "asadm_tables.jsonl.gz"

Record = dict[str, Any]
"""A row of a table of the vendor's: values by the path of their column, as ``Cluster/Size``."""

NOTHING = {"null", "error", "--", None}
"""The vendor's texts for a value that a node has not, or did not tell."""

ABSENT = object()


class TableMap(NamedTuple):
    """Which table of ours is the vendor's, by the beginning of its title.

    ``name``     of ours in JSON
    ``keys``     the columns beside the node that tell its rows apart: the vendor's, and ours
    ``columns``  our column by the vendor's; a column that is not named here is not compared (`UNCOMPARED` says why)
    ``shares``   columns that are a share of 1 at the vendor's, and percent here
    """

    title: re.Pattern[str]
    name: str
    columns: dict[str, str]
    keys: dict[str, str] = {}
    shares: frozenset[str] = frozenset()


class Difference(NamedTuple):
    """A value that is not as the vendor's."""

    case: int
    table: str
    row: str
    column: str
    vendor: object
    ours: object


def cases() -> list[Row]:
    """The recorded runs, in order."""
    return read(FILE)


def records(document: dict[str, Any]) -> Iterator[Record]:
    """The rows of a table of the vendor's."""
    for group in document["groups"]:
        for record in group["records"]:
            yield dict(_flat(record, ""))


def _flat(record: dict[str, Any], before: str) -> Iterator[tuple[str, Any]]:
    for name, value in record.items():
        if "raw" in value and not isinstance(value["raw"], dict):
            yield before + name, value["raw"]
        else:
            yield from _flat(value, f"{before}{name}/")
