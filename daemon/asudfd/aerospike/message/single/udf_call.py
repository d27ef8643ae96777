"""A UDF call, parsed from its message."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asinfo.wire.message import FIELD_SET, FIELD_UDF_ARGUMENTS, FIELD_UDF_FUNCTION, FIELD_UDF_MODULE
from asinfo.wire.result import Result
from asinfo.wire.udf import NAME_SIZE_MAX
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from asinfo.wire.message import Message

_new = tuple.__new__  # builds a named tuple without a call of Python code


class UdfCall(NamedTuple):
    """The function that a client calls on a record of ``set_name``; ``fields`` are all of the message, ``ttl`` is as on the wire."""

    module: str
    function: bytes
    arguments: bytes
    set_name: bytes
    fields: dict[int, bytes]
    ttl: int


def call_of(message: Message) -> UdfCall:
    """The call that a message is. Raises RequestRefused."""
    fields = message.fields
    try:
        module, function = fields[FIELD_UDF_MODULE], fields[FIELD_UDF_FUNCTION]
        arguments = fields[FIELD_UDF_ARGUMENTS]
    except KeyError:
        raise RequestRefused(Result.PARAMETER, "a UDF call without module, function or arguments") from None
    if len(module) > NAME_SIZE_MAX or len(function) > NAME_SIZE_MAX:
        raise RequestRefused(Result.PARAMETER, "the name of a module or function is too long")
    name = module.decode("utf-8", "surrogateescape")
    return _new(UdfCall, (name, function, arguments, fields.get(FIELD_SET, b""), fields, message.ttl))
