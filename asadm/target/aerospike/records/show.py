"""Records and values for a person and as JSON."""

from __future__ import annotations

from asinfo import record_text
from asinfo.record_text import RecordText, value_text
from asinfo.wire.json_value import to_json

__all__ = ["address_json", "as_json", "changes", "lines", "record_json", "value_text"]

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from asadm.target.aerospike.records.address import RecordAddress
    from asinfo.wire.particle import Value


def as_json(value: Value) -> object:
    """A value as a JSON document."""
    return to_json(value)


def lines(record: RecordText) -> list[str]:
    """A line for each bin."""
    return [f"{name}: {value_text(value)}" for name, value in record.bins.items()]


def changes(before: RecordText | None, after: RecordText | None) -> bytes:
    """What differs, as a diff of two lists of bins; empty where nothing does."""
    said = record_text.changes(before, after)
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


def record_json(record: RecordText | None) -> dict[str, object] | None:
    """A record; null where there is none. ``ttl`` is in seconds, null for one that never expires."""
    return None if record is None else record.document
