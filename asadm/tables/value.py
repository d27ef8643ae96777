"""What a value of a node's configuration or statistics is: a number, a yes or no, a text, or nothing.

A text that looks like a number is none where it names something: the key of a cluster is hexadecimal, and may have digits only.
"""

from __future__ import annotations

NAMES = frozenset({
    "cluster_key", "cluster_principal", "paxos_principal", "cluster-name", "node-id", "cluster_clock_skew_outliers", "cluster_duplicate_nodes",
})  # fmt: skip
"""Statistics and parameters whose values are names, whatever they look like."""

UNSUMMED_ENDS = (
    "_pct", "-pct", "_ratio", "_ms", "_sec", "_period", "_generation", "_id", "_factor", "_per_bval", "_per_rec", "_per_bin_val",
    "-factor", "-period", "-ms", "-sec",
)  # fmt: skip
UNSUMMED = frozenset(
    {"cluster_size", "uptime", "time_since_rebalance", "current_time", "current-time", "ns_cluster_size"}
)
"""Statistics of which the sum over nodes means nothing: shares, averages, ages, and what every node says of the whole cluster."""

DIGITS_MAX = 18
"""Longer texts of digits are no counters of a node; they stay texts, as JSON's readers keep 53 bits."""


def typed(name: str, text: str) -> str | int | float | bool | None:
    """The value that ``text`` is, for JSON: ``null`` is null, ``true`` a boolean, digits a number; all else a text."""
    if text == "null":
        return None
    if name in NAMES:
        return text
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
    """Whether the sum of ``name`` over nodes means something."""
    return name not in UNSUMMED and name not in NAMES and not name.endswith(UNSUMMED_ENDS)


def figure(text: str | None) -> int | float | None:
    """The number that ``text`` is, as a node writes one; None for all else."""
    found = typed("", text or "")
    return found if isinstance(found, (int, float)) and not isinstance(found, bool) else None


def flag(text: str | None) -> bool | None:
    """The yes or no that ``text`` is; None where it is neither."""
    return text == "true" if text in {"true", "false"} else None
