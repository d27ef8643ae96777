"""Values from outside as text: one error for everything that can be wrong with them.

``decode_json``    JSON, with an end to depth and size
``decode_base64``  base64 as RFC 4648 has it, nothing else in it
``check_depth``    whether a decoded value is nested too deep, whatever format it came in

The decoders of the standard library raise more than ValueError (RecursionError, MemoryError), and let pass what fails
later: numbers that are none, halves of characters that no encoder takes. Who decodes here catches DecodeError, and has
caught all.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

DEPTH_MAX = 64
"""How deep lists and maps may be nested. Our own documents need six levels; the interpreter's stack has a thousand."""

SIZE_MAX = 64 << 20
"""Most bytes of a text: the longest reply of etcd that is read. In memory a text of brackets takes 30 times that."""


class DecodeError(ValueError):
    """Bytes from outside are not what they should be; the text says why, without a place."""


def decode_json(
    data: bytes | str, *, depth_max: int = DEPTH_MAX, size_max: int = SIZE_MAX, escaped_bytes: bool = False
) -> Any:
    """The value of the JSON text ``data``, UTF-8 where it is bytes.

    NaN and infinite numbers are refused, and halves of surrogate pairs; ``escaped_bytes`` lets those pass that stand
    for bytes (Python's "surrogateescape"), as names in our own files have them. Raises DecodeError, and nothing else.
    """
    import json  # 7 ms, and only who has JSON pays it

    if len(data) > size_max:
        raise DecodeError(f"is larger than {size_max} bytes")
    try:
        text = data if isinstance(data, str) else data.decode()
        value = json.loads(text, parse_constant=_not_a_number, parse_float=_finite)
    except RecursionError:
        raise DecodeError(f"is nested deeper than {depth_max} levels") from None
    except MemoryError:
        raise DecodeError("needs more memory than there is") from None
    except DecodeError:
        raise
    except UnicodeDecodeError:
        raise DecodeError("is not UTF-8 text") from None
    except ValueError as error:  # also a number of thousands of digits
        raise DecodeError(f"is not JSON: {error}") from None
    if text.count("[") + text.count("{") > depth_max:
        check_depth(value, depth_max)
    errors = "surrogateescape" if escaped_bytes else "strict"
    if text is data:  # bytes were checked as they were decoded
        _check_text(text, errors)
    if "\\u" in text:
        _check_texts(value, errors)
    return value


def decode_base64(data: bytes | str) -> bytes:
    """The bytes behind base64: the standard alphabet, padded. Raises DecodeError."""
    from binascii import a2b_base64

    try:
        return a2b_base64(data, strict_mode=True)
    except ValueError as error:  # also a text that is not ASCII
        raise DecodeError(f"is not base64: {error}") from None


def encode_base64(data: bytes) -> str:
    """``data`` as standard, padded base64 text."""
    from binascii import b2a_base64

    return b2a_base64(data, newline=False).decode()


def check_depth(value: Any, depth_max: int = DEPTH_MAX) -> None:
    """Raise DecodeError when lists and maps in ``value`` are nested deeper than ``depth_max``. Does not recurse."""
    level = _containers((value,))
    depth = 0
    while level:
        depth += 1
        if depth > depth_max:
            raise DecodeError(f"is nested deeper than {depth_max} levels")
        level = _containers(inner for each in level for inner in _inside(each))


def _containers(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if isinstance(value, list | tuple | dict)]


def _inside(container: Any) -> Iterable[Any]:
    """What a list or a map consists of."""
    return [*container, *container.values()] if isinstance(container, dict) else container


def _check_texts(value: Any, errors: str) -> None:
    """Raise DecodeError when a text in ``value`` cannot be written as UTF-8 again."""
    level = [value]
    while level:
        for each in level:
            if isinstance(each, str):
                _check_text(each, errors)
        level = [inner for each in _containers(level) for inner in _inside(each)]


def _check_text(text: str, errors: str) -> None:
    try:
        text.encode("utf-8", errors)
    except UnicodeEncodeError:
        raise DecodeError("has half a surrogate pair in a text") from None


def _not_a_number(text: str) -> float:
    raise DecodeError(f"has {text}, which is no number of JSON")


def _finite(text: str) -> float:
    value = float(text)
    if value - value:  # infinity less itself is no number
        raise DecodeError("has a number that is too large")
    return value
