"""Values of bins and of UDFs as JSON, and back.

    null, true, 5, 1.5, "text", [...], {"key": ...}     as they are
    {"$bytes": "00FF"}                                  bytes, in hexadecimal
    {"$geo": "..."}                                     a geo JSON text
    {"$map": [[key, value], ...]}                       a map whose keys are not all strings, or look like one of these

What JSON cannot say at all is shown and cannot be written: {"$type": 18, "$bytes": "..."} is a value of particle type 18.
"""

from __future__ import annotations

from asinfo.decode import DecodeError, decode_json
from asinfo.errors import WireError
from asinfo.wire.msgpack import Ext, GeoJSON, Raw
from asinfo.wire.particle import Opaque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from asinfo.wire.particle import Value

_INTEGER_MAX = (1 << 63) - 1


def from_text(text: str) -> Value:
    """The value that ``text`` is as JSON; the text itself where it is none. Raises WireError for JSON that no bin can hold."""
    try:
        document = decode_json(text)
    except DecodeError:
        return text
    return from_json(document)


def from_json(document: Any) -> Value:
    """The value of a JSON document. Raises WireError for what no bin can hold."""
    if isinstance(document, list):
        return [from_json(each) for each in document]
    if isinstance(document, dict):
        return _special(document)
    if isinstance(document, int) and not -_INTEGER_MAX - 1 <= document <= _INTEGER_MAX:
        raise WireError(f"{document} is an integer of more than 64 bits")
    value: Value = document
    return value


def _special(document: dict[str, Any]) -> Value:
    """A map, or what an object with one member in dollars stands for."""
    if len(document) == 1:
        [(name, content)] = document.items()
        if name == "$bytes" and isinstance(content, str):
            try:
                return bytes.fromhex(content)
            except ValueError:
                raise WireError(f"$bytes: {content!r} is not hexadecimal") from None
        if name == "$geo" and isinstance(content, str):
            return GeoJSON(content)
        if name == "$map" and isinstance(content, list):
            return _pairs(content)
    return {key: from_json(each) for key, each in document.items()}


def _pairs(content: list[Any]) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for pair in content:
        if not isinstance(pair, list) or len(pair) != 2:
            raise WireError("$map: write an array of pairs, [[key, value], ...]")
        key = from_json(pair[0])
        if isinstance(key, list | dict) or key in found:
            raise WireError("$map: a key is a list or a map, or comes twice")
        found[key] = from_json(pair[1])
    return found


def to_json(value: Value) -> object:
    """``value`` as a JSON document."""
    if isinstance(value, GeoJSON):
        return {"$geo": str(value)}
    if isinstance(value, bytes):
        return {"$bytes": value.hex()}
    if isinstance(value, list):
        return [to_json(each) for each in value]
    if isinstance(value, dict):
        return _map(value)
    if isinstance(value, float) and value - value != 0:
        return str(value)  # infinities and what is no number have no form
    if isinstance(value, Raw):
        return {"$bytes": value.data.hex()}
    if isinstance(value, Ext | Opaque):
        return {"$type": value.kind, "$bytes": value.data.hex()}
    return value


def _map(value: dict[Any, Any]) -> object:
    plain = all(isinstance(key, str) and not isinstance(key, GeoJSON) for key in value)
    if plain and not (len(value) == 1 and next(iter(value)).startswith("$")):
        return {key: to_json(each) for key, each in value.items()}
    return {"$map": [[to_json(key), to_json(each)] for key, each in value.items()]}
