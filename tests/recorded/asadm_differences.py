"""Where the tables of asadm differ from the vendor's on purpose, and why: docs/compatibility.md has the same reasons."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable


ABSENT = object()
"""Stands for a value or a row that one of both has not."""


class Difference(NamedTuple):
    """A value that is not as the vendor's. A row that one of both has not is of the column ``""``."""

    command: str
    table: str
    row: str
    column: str
    vendor: object
    ours: object


class Reason(NamedTuple):
    """A difference on purpose: where it is, and why."""

    table: re.Pattern[str]
    column: re.Pattern[str]
    text: str
    only: Callable[[Difference], bool] = lambda _: True

    def explains(self, found: Difference) -> bool:
        """Whether it is about ``found``."""
        return bool(
            self.table.fullmatch(found.table) and self.column.fullmatch(found.column) and self.only(found)
        )


def _says_as_text(found: Difference) -> bool:
    """Whether the vendor's text is our number of bytes, or the only one of our list."""
    if isinstance(found.ours, list):
        return found.vendor == ", ".join(map(str, found.ours))
    value = float(found.ours) if isinstance(found.ours, int | float) else 0.0
    units = ["B", "KB", "MB", "GB"]
    while value >= 1024:
        value /= 1024
        units.pop(0)
    return found.vendor == f"{value:.3f} {units[0]}"


def _has_all(found: Difference) -> bool:
    """Whether our list has all that the vendor's has."""
    return isinstance(found.vendor, list) and isinstance(found.ours, list) and {*found.vendor} < {*found.ours}


def _vendor_ignores(modifier: str) -> Callable[[Difference], bool]:
    """Whether the command has that modifier, and only the vendor shows what it would leave out."""
    return lambda found: f" {modifier}" in found.command and found.ours in {ABSENT, None}


def _tells_nothing(found: Difference) -> bool:
    """Whether the vendor's row has just names of nodes and groups."""
    values = found.vendor.items() if isinstance(found.vendor, dict) else ()
    told = [value for name, value in values if name not in {"Node", "Namespace"} and value != "null"]
    return found.ours is ABSENT and isinstance(found.vendor, dict) and not told


def _no_limit(found: Difference) -> bool:
    """Whether the vendor shows a limit that is off."""
    return (
        found.ours is ABSENT and isinstance(found.vendor, dict) and found.vendor["Threshold"] in {"null", 0}
    )


def _cut(found: Difference) -> bool:
    """Whether the vendor's number is ours without its fraction."""
    return isinstance(found.ours, float) and found.vendor == int(found.ours)


def _is_longer(found: Difference) -> bool:
    """Whether our time is longer, or there is none: no record expires."""
    if found.ours is None:
        return True
    return isinstance(found.ours, int) and isinstance(found.vendor, int) and found.ours > found.vendor


DIFFERENT: tuple[Reason, ...] = (
    Reason(
        re.compile("Features"),
        re.compile("Query|SIndex|Scan"),
        "The vendor looks at counters of before 6.0, which are gone; here a scan is a query of the primary index.",
        lambda found: (found.vendor, found.ours) == ("false", "true"),
    ),
    Reason(
        re.compile("Features"),
        re.compile("LDT"),
        "Large data types are gone since 3.15, and not among the features.",
        lambda found: found.ours is None,
    ),
    Reason(
        re.compile("Cluster Summary"),
        re.compile("Active Features"),
        "More of them than the vendor's, for the same reasons.",
        _has_all,
    ),
    Reason(
        re.compile("Cluster Summary"),
        re.compile("OS Version"),
        "The vendor tells of the machine it runs on; here it is what the nodes were built for.",
    ),
    Reason(
        re.compile("(Cluster|Namespace) Summary"),
        re.compile("License Usage.*|Replication Factors"),
        "A text at the vendor's, also for programs; numbers here.",
        _says_as_text,
    ),
    Reason(
        re.compile(".* (Set|SIndex) Statistics"),
        re.compile("ns|set|indexname"),
        "Namespace, set and index are members of their table, and not values in it.",
        lambda found: found.ours is None,
    ),
    Reason(
        re.compile(".* (Configuration|Statistics)"),
        re.compile(""),
        "A table in which nothing differs is left out.",
        lambda found: " diff" in found.command and _tells_nothing(found),
    ),
    Reason(
        re.compile(".* Statistics"),
        re.compile(".*"),
        "The vendor ignores diff behind statistics.",
        _vendor_ignores("diff"),
    ),
    Reason(
        re.compile("Secondary Indexes|Partition Map Analysis.*"),
        re.compile(""),
        "The vendor ignores for where it does not expect it; here it chooses.",
        _vendor_ignores("for"),
    ),
    Reason(
        re.compile(".* Distribution .*"),
        re.compile(""),
        "A node that was not asked has no row; the vendor shows it without values.",
        lambda found: " with " in found.command and _tells_nothing(found),
    ),
    Reason(
        re.compile(".* - TTL Distribution in Seconds"),
        re.compile(".*%"),
        "Records that never expire have a column; the vendor counts them as the shortest time to live.",
        _is_longer,
    ),
    Reason(
        re.compile("Stop Writes"),
        re.compile(""),
        "Limits that are not set are counted below the table, and have no row.",
        _no_limit,
    ),
    Reason(
        re.compile("Stop Writes"),
        re.compile("Usage%"),
        "Where nothing of a limit is used, that is 0 %; the vendor has no value.",
        lambda found: (found.vendor, found.ours) == (None, 0),
    ),
    Reason(
        re.compile("Query Jobs"),
        re.compile("Progress%"),
        "The vendor cuts the fraction off.",
        _cut,
    ),
    Reason(
        re.compile("Secondary Index Information, sums"),
        re.compile("Entries/Avg Per .*"),
        "Averages are not added; the vendor's sum line does.",
        lambda found: found.ours is None,
    ),
)

UNRECORDED = {
    "get-config:context=network": "features tell of TLS, for which the vendor asks nothing that could tell it",
    "sindex-list:": "features tell whether there are indexes, for which the vendor looks at counters that are gone",
    "namespace/.*": "a distribution tells how many records never expire",
    "release": "which edition a node is of, where the vendor just says that security is not supported",
    "bins": "a node is asked; the vendor refuses by its version",
}
"""What is asked beyond what the vendor asked, and why."""

REFUSED: dict[str, str] = {
    r"info network like .*": "A modifier that does not apply is refused, and not ignored.",
    r"info network with 127\.0\.0\.1:385": "No node has that name.",
    r"info network with nosuchnode": "No node has that name.",
    r"show confg|info nosuch": "No such command.",
}
"""Commands that end with 2 here."""
