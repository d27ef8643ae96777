"""What a value of a node's configuration or statistics is: a number, a yes or no, a text, or nothing.

A text that looks like a number is none where it names something: the key of a cluster is hexadecimal, and may have digits only.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from typing import TypeGuard

NAMES = frozenset({
    "cluster_key", "cluster_principal", "paxos_principal", "cluster-name", "node-id", "cluster_clock_skew_outliers", "cluster_duplicate_nodes",
})  # fmt: skip
"""Statistics and parameters whose values are names, whatever they look like."""

UNSUMMED_ENDS = (
    "_pct", "_ratio", "_ms", "_us", "_sec", "_time", "_period", "_duration", "_ttl", "_lut", "_id", "_factor", "_rack",
    "_avg", "_mean", "_min", "_max", "_per_bval", "_per_rec", "_per_bin_val",
)  # fmt: skip
UNSUMMED = frozenset({
    "cluster_size", "ns_cluster_size", "cluster_generation", "uptime", "time_since_rebalance", "dead_partitions", "unavailable_partitions",
    "nodes_quiesced", "sindexes", "bin_names_quota",
})  # fmt: skip
"""Statistics of which the sum over nodes means nothing: shares, averages, ages and times, limits, and what every node says of the whole cluster."""

COUNTER_ENDS = (
    "_success", "_error", "_timeout", "_complete", "_not_found", "_filtered_out", "_abort", "_opened", "_closed", "_initiate",
    "_transmitted", "_receives", "_retransmits", "_received_foreign",
)  # fmt: skip
"""Statistics that a node only ever counts up: one that is less than before shows that the node began anew."""

DIGITS_MAX = 18
"""Longer texts of digits are no counters of a node; they stay texts, as JSON's readers keep 53 bits."""


def typed(name: str, text: str) -> str | int | float | bool | None:
    """The value that ``text`` is, for JSON: ``null`` is null, ``true`` a boolean, digits a number; all else a text."""
    if text == "null":
        return None
    if name in NAMES:
        return text
    if len(text) <= DIGITS_MAX and _plain(text):  # most are: the rest need not be looked at
        return int(text)
    if text in {"true", "false"}:
        return text == "true"
    digits = text.removeprefix("-")
    whole, point, part = digits.partition(".")
    if len(digits) > DIGITS_MAX or not _plain(whole) or (point and not (part.isascii() and part.isdigit())):
        return text
    return float(text) if point else int(text)


def _plain(digits: str) -> bool:
    """Whether it is a number as a node writes one: a zero before other digits makes it a name."""
    return digits.isascii() and digits.isdigit() and (len(digits) == 1 or digits[0] != "0")


def summable(name: str) -> bool:
    """Whether the sum of ``name`` over nodes means something.

    A dash is in names of parameters alone, but for the statistics of one device: ``storage-engine.device[0].used_bytes``.
    """
    of_device = name.rpartition("].")[2]
    return (
        "-" not in of_device
        and name not in UNSUMMED
        and name not in NAMES
        and not name.endswith(UNSUMMED_ENDS)
    )


def counter(name: str) -> bool:
    """Whether a node only ever counts ``name`` up."""
    return name.endswith(COUNTER_ENDS)


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether it is a number; a yes or no is none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def figure(text: str | None) -> int | float | None:
    """The number that ``text`` is, as a node writes one; None for all else."""
    found = typed("", text or "")
    return found if is_number(found) else None


def flag(text: str | None) -> bool | None:
    """The yes or no that ``text`` is; None where it is neither."""
    return text == "true" if text in {"true", "false"} else None
