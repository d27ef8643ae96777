"""The steps of PFADD, PFCOUNT, PFMERGE and PFDEBUG that Lua has done here.

A step returns strings and numbers, or one of the two words that Lua makes errors of.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from asudfd.valkey import hyperloglog
from asudfd.valkey.hyperloglog import DENSE, ENCODING, CorruptHyperLogLogError, NotHyperLogLogError
from asudfd.valkey.lua_values import values_in_turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOT_ONE, CORRUPT = b"not one", b"corrupt"
"""What is returned for a string that is no HyperLogLog, and for one that is broken."""


def run(step: bytes, *arguments: Any) -> object:
    """Do a step."""
    try:
        return STEPS[step](*arguments)
    except NotHyperLogLogError:
        return NOT_ONE
    except CorruptHyperLogLogError:
        return CORRUPT


def _opened(text: bytes | None) -> bytearray:
    return hyperloglog.new() if text is None else hyperloglog.checked(text)


def _add(text: bytes | None, sparse_max: float, elements: Any) -> bytes | None:
    """The string with these elements; None if it stays as it is."""
    value = _opened(text)
    changed = hyperloglog.add(value, list(values_in_turns(elements)), int(sparse_max))
    if not changed and text is not None:
        return None
    hyperloglog.invalidate(value)
    return bytes(value)


def _count(text: bytes) -> tuple[int, bytes]:
    """How many elements, and the string that knows it."""
    value = hyperloglog.checked(text)
    return hyperloglog.count(value), bytes(value)


def _count_all(texts: Any) -> int:
    return hyperloglog.estimate(hyperloglog.merged(map(hyperloglog.checked, texts.values())))


def _merge(text: bytes | None, sparse_max: float, texts: Any) -> bytes:
    value, dense = _opened(text), False

    def others() -> Iterator[bytearray]:
        nonlocal dense
        for other in map(hyperloglog.checked, texts.values()):
            dense = dense or other[ENCODING] == DENSE
            yield other

    values = hyperloglog.merged(chain([value], others()))
    if dense and value[ENCODING] != DENSE:
        hyperloglog.make_dense(value)
    hyperloglog.merge_into(value, values, int(sparse_max))
    return bytes(value)


def _dense(text: bytes) -> bytes | None:
    """The dense form of the string; None if it has it."""
    value = hyperloglog.checked(text)
    if value[ENCODING] == DENSE:
        return None
    hyperloglog.make_dense(value)
    return bytes(value)


def _registers(text: bytes) -> bytes:
    return hyperloglog.registers(hyperloglog.checked(text))


def _is_dense(text: bytes) -> bool:
    return hyperloglog.checked(text)[ENCODING] == DENSE


def _decode(text: bytes) -> bytes:
    return hyperloglog.describe(hyperloglog.checked(text)).encode()


STEPS: dict[bytes, Callable[..., object]] = {
    b"add": _add,
    b"count": _count,
    b"count all": _count_all,
    b"merge": _merge,
    b"dense": _dense,
    b"registers": _registers,
    b"is dense": _is_dense,
    b"decode": _decode,
}
