"""Records for a person and as JSON: bins, generation and ttl, and what a call has changed."""

from __future__ import annotations

import json

from asinfo.wire.json_value import to_json

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.target.aerospike.records.address import RecordAddress
    from asadm.target.aerospike.records.client import RecordState
    from asinfo.wire.particle import Value

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"))


def as_json(value: Value) -> object:
    """A value as a JSON document."""
    return to_json(value)


def as_text(value: Value) -> str:
    """A value as one line of JSON."""
    return json.dumps(to_json(value), ensure_ascii=False)


def head(record: RecordState | None) -> str:
    """``generation 3, ttl 29 d``."""
    if record is None:
        return "no record"
    return f"generation {record.generation}, ttl {_ttl(record.ttl)}"


def _ttl(seconds: int | None) -> str:
    if seconds is None:
        return "never"
    for size, unit in _UNITS:
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def lines(record: RecordState) -> list[str]:
    """A line for each bin."""
    return [f"{name}: {as_text(value)}" for name, value in record.bins.items()]


def changes(before: RecordState | None, after: RecordState | None) -> bytes:
    """What differs, as a diff of two lists of bins; empty where nothing does."""
    old = dict(zip(before.bins, lines(before), strict=True)) if before else {}
    new = dict(zip(after.bins, lines(after), strict=True)) if after else {}
    changed = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    if not changed and head(before) == head(after):
        return b""
    said = [f"--- before: {head(before)}", f"+++ after: {head(after)}"]
    for name in changed:
        said += [f"{sign}{side[name]}" for sign, side in (("-", old), ("+", new)) if name in side]
    return "".join(f"{line}\n" for line in said).encode("utf-8", "surrogateescape")


def address_json(address: RecordAddress) -> dict[str, object]:
    """Where a record is; ``key`` is null where only its digest is known, bytes are in hexadecimal."""
    return {
        "namespace": address.place.namespace,
        "set": address.place.set_name or None,
        "key": None if address.value is None else to_json(address.value),
        "key_type": address.kind,
        "digest": address.key.digest.hex(),
    }


def record_json(record: RecordState | None) -> dict[str, object] | None:
    """A record; null where there is none. ``ttl`` is in seconds, null for one that never expires."""
    if record is None:
        return None
    bins = {name: to_json(value) for name, value in record.bins.items()}
    return {"generation": record.generation, "ttl": record.ttl, "bins": bins}
