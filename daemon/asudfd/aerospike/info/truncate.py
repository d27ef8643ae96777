"""The truncate family: remove all records of a set or of a namespace, up to a moment.

The mark goes through system metadata, so that every node has it and no restart forgets it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asinfo.wire.message import EPOCH, NAMESPACE_NAME_SIZE_MAX, SET_NAME_SIZE_MAX
from asudfd.aerospike.info.table import InfoCommand
from asudfd.clock import now_milliseconds
from asudfd.errors import Code, CommandError
from asudfd.record.truncation import WHOLE
from asudfd.smd.interface import TRUNCATE, SmdFailed, SmdTimeout

if TYPE_CHECKING:
    from collections.abc import Callable

    from asudfd.aerospike.info.request import Request
    from asudfd.aerospike.node import AerospikeNode


_NUMBER = re.compile(rb"\s*([+-]?)([0-9]+)")
"""What C takes for a number at the beginning of a text."""


async def truncate(node: AerospikeNode, request: Request) -> bytes:
    """truncate:namespace=NS;set=SET[;lut=NANOSECONDS]

    Remove the records of a set that were last updated up to now, or up to a moment in Unix time.
    """
    name = _namespace(request)
    return await _mark(node, name, _set_name(request), request)


async def truncate_namespace(node: AerospikeNode, request: Request) -> bytes:
    """truncate-namespace:namespace=NS[;lut=NANOSECONDS]

    Remove all records of a namespace that were last updated up to now, or up to a moment in Unix time.
    """
    name = _namespace(request)
    _no_set(request)
    return await _mark(node, name, WHOLE, request)


async def truncate_undo(node: AerospikeNode, request: Request) -> bytes:
    """truncate-undo:namespace=NS;set=SET

    Forget the truncation of a set; what has not been removed yet is there again.
    """
    name = _namespace(request)
    return await _store(node, _key(name, _set_name(request)), None)


async def truncate_namespace_undo(node: AerospikeNode, request: Request) -> bytes:
    """truncate-namespace-undo:namespace=NS

    Forget the truncation of a namespace; what has not been removed yet is there again.
    """
    name = _namespace(request)
    _no_set(request)
    return await _store(node, _key(name, WHOLE), None)


def _namespace(request: Request) -> bytes:
    return request.required(b"namespace", size_max=NAMESPACE_NAME_SIZE_MAX)


def _set_name(request: Request) -> bytes:
    return request.required(b"set", size_max=SET_NAME_SIZE_MAX)


def _no_set(request: Request) -> None:
    if request.parameter(b"set") is not None:
        raise CommandError(Code.PARAMETER, "unexpected set name")


async def _mark(node: AerospikeNode, name: bytes, set_name: bytes | None, request: Request) -> bytes:
    space = node.namespaces.get(name)
    now = space.now() if space else now_milliseconds()
    asked = request.optional(b"lut")
    lut = now if asked is None else _milliseconds(asked)
    if lut <= 0:
        raise CommandError(Code.PARAMETER, "would truncate to 0")
    if lut > now:
        raise CommandError(Code.PARAMETER, "would truncate in the future")
    if space and lut <= space.truncation.marks.get(set_name, 0):
        return b"ok"  # all of that is gone already
    # another node may have set a later mark meanwhile, and said so
    return await _store(
        node, _key(name, set_name), str(lut), lambda mark: mark.isdigit() and int(mark) >= lut
    )


def _milliseconds(nanoseconds: bytes) -> int:
    """Milliseconds since 2010 of a time in nanoseconds since 1970.

    As on the real server, what is no number counts as 0, and a negative one, unsigned there, is far in the future.
    """
    found = _NUMBER.match(nanoseconds)
    sign, digits = found.groups() if found else (b"", b"0")
    unix = int(digits)
    if sign == b"-" and unix:
        unix = (1 << 64) - 1
    return unix // 1_000_000 - EPOCH * 1000


def _key(name: bytes, set_name: bytes | None) -> str:
    key = name if set_name is WHOLE else b"%b|%b" % (name, set_name)
    return key.decode("utf-8", "surrogateescape")


async def _store(
    node: AerospikeNode, key: str, value: str | None, keep: Callable[[str], bool] | None = None
) -> bytes:
    try:
        await node.smd.set(TRUNCATE, key, value, keep=keep)
    except SmdTimeout as error:
        raise CommandError(Code.TIMEOUT, "timeout") from error
    except SmdFailed as error:
        raise CommandError(Code.UNKNOWN, str(error)) from error
    return b"ok"


ROWS = (
    InfoCommand(b"truncate", truncate, privilege="truncate"),
    InfoCommand(b"truncate-namespace", truncate_namespace, privilege="truncate"),
    InfoCommand(b"truncate-namespace-undo", truncate_namespace_undo, privilege="truncate"),
    InfoCommand(b"truncate-undo", truncate_undo, privilege="truncate"),
)
