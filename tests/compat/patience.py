"""Policies of the Python client for a busy machine: its own time limit of a call, one second, is not what is tested."""

from typing import Any

CALL_MS = 20_000
INFO_MS = 30_000


def policies(**others: dict[str, Any]) -> dict[str, Any]:
    """The policies of a client; ``others`` are further values of some of them."""
    calls = ("read", "write", "apply", "operate", "remove", "batch", "query", "scan")
    found: dict[str, dict[str, Any]] = {name: {"total_timeout": CALL_MS} for name in calls}
    found["info"] = {"timeout": INFO_MS}
    for name, values in others.items():
        found[name] |= values
    return found
