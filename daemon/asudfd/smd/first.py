"""The file of one SMD module as the first version of asudfd wrote it, and as the real server does: a JSON array.

    [
       [ cluster key, tid ],
       { "key": ..., "value": text or null, "generation": ..., "timestamp": ... },
       ...
    ]

It is read once and carried over into the log. Source of the format: the info protocol specification, section 4.
"""

from asinfo.decode import decode_json
from asudfd.smd.interface import SmdContent, SmdItem

NUMBER_MAX = (1 << 63) - 1
"""What the log has room for."""


def parse(data: bytes) -> SmdContent:
    """What ``data`` says. Raises ValueError, naming the place, when it is not such a file."""
    if not data.lstrip().startswith(b"["):
        raise ValueError("its head, at byte 0, is that of no version")
    array = decode_json(data, size_max=len(data), escaped_bytes=True)
    match array:
        case [[int(cluster_key), int(tid)], *entries] if cluster_key >= 0 <= tid and _fits(cluster_key, tid):
            items = [read_item(number, entry) for number, entry in enumerate(entries, 1)]
        case _:
            raise ValueError("it does not begin with [cluster key, tid]")
    if len({item.key for item in items}) != len(items):
        raise ValueError("a key stands in it twice")
    return SmdContent(cluster_key, tid, items)


def _fits(*numbers: int) -> bool:
    return all(-NUMBER_MAX <= number <= NUMBER_MAX for number in numbers)


def read_item(number: int, entry: object) -> SmdItem:
    """The item that the decoded entry ``number`` says. Raises ValueError."""
    match entry:
        case {
            "key": str(key),
            "value": str() | None as value,
            "generation": int(generation),
            "timestamp": int(timestamp),
        } if generation > 0 and _fits(generation, timestamp):
            return SmdItem(key, value, generation, timestamp)
    raise ValueError(f"entry {number} is not an object of key, value, generation and timestamp")
