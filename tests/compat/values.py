"""Values of the recorded cases: from their JSON notation to Python, and so that 1, 1.0 and True are not the same.

JSON as it is         numbers, strings, booleans, null, lists
{"$float": "2.0"}     a float, also nan, inf and -0.0
{"$bytes": "0aff"}    bytes
{"$geo": TEXT}        GeoJSON
{"$map": [[K, V]..]}  a map
"""

import json
from typing import Any

import aerospike

GEO_TYPE: Any = aerospike.GeoJSON


def from_json(value: Any) -> Any:
    """A value as the client library takes it."""
    if isinstance(value, list):
        return [from_json(item) for item in value]
    if not isinstance(value, dict):
        return value
    ((tag, content),) = value.items()
    match tag:
        case "$float":
            return float(content)
        case "$bytes":
            return bytes.fromhex(content)
        case "$geo":
            return aerospike.GeoJSON(content)
        case "$map":
            return {from_json(key): from_json(item) for key, item in content}
    raise ValueError(f"no value is written as {tag}")


def typed(value: Any) -> Any:
    """A value with the names of its types, so that a comparison tells them apart and a failure shows them."""
    match value:
        case None:
            return None
        case bytes() | bytearray():
            return ("bytes", bytes(value).hex())
        case float():
            return ("float", repr(value))
        case list() | tuple():
            return ("list", [typed(item) for item in value])
        case dict():
            pairs = [(typed(key), typed(item)) for key, item in value.items()]
            return ("map", sorted(pairs, key=repr))
        case GEO_TYPE():
            return ("geo", json.loads(value.dumps()))
        case _:
            return (type(value).__name__, value)
