"""Executes a UDF on one record: on the event loop if it is known to be short, else in a worker while the record's lock is held.

A reply shows what the function returned under the name SUCCESS, or under FAILURE why it failed (code 100). All that
it did to the record is one write; an error or a time-out leaves the record as it was.
Source: the wire specification, section 4.5.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING

from asinfo.text import text
from asinfo.wire.message import (
    FIELD_KEY,
    FIELD_SET,
    OP_READ,
)
from asinfo.wire.result import Result
from asudfd.aerospike.failures import FailedCall
from asudfd.aerospike.message.outcome import OK, RecordOutcome, check_names, failed, new_tuple
from asudfd.aerospike.message.single.commit import POLICIES2, POLICIES3
from asudfd.aerospike.message.single.udf_call import call_of
from asudfd.lua.aerospike.crossing import TIMEOUT
from asudfd.lua.aerospike.record_view import RecordView, record_call
from asudfd.lua.aerospike.udf_result import DELETE, WRITE
from asudfd.record.record import GENERATION_MAX, Record
from asudfd.record.refused import RequestRefused
from asudfd.record.ttl import now_seconds

if TYPE_CHECKING:
    from asinfo.wire.message import Message
    from asudfd.aerospike.message.context import RecordContext
    from asudfd.aerospike.message.single.udf_call import UdfCall
    from asudfd.lua.aerospike.udf_result import UdfResult
    from asudfd.network.session import ClientSession
    from asudfd.record.namespace import Namespace

_FAILED = int(Result.UDF)
_NAMES = {OK: b"SUCCESS", _FAILED: b"FAILURE"}
_NAME_SIZE = 7  # of both
_new = tuple.__new__  # builds a named tuple without a call of Python code
_pack_answer = Struct(">IBBBB7s").pack  # an op up to its value


def apply(
    context: RecordContext,
    namespace: Namespace,
    message: Message,
    origin: str,
    session: ClientSession | None,
) -> RecordOutcome | None:
    """Answer a UDF call here and now; None when it belongs in a worker (`apply_in_worker`). Raises RequestRefused.

    ``origin`` begins the names of the counters; ``session`` is the client's, if it is known.
    """
    digest = message.digest
    assert digest is not None
    call = call_of(message)
    if context.service.disable_udf_execution:
        raise RequestRefused(Result.FORBIDDEN, "disable-udf-execution is true")
    if message.info2 & POLICIES2 or message.info3 & POLICIES3:
        raise RequestRefused(Result.PARAMETER, "a UDF call takes no policy about the record as it is")
    record = namespace.get(digest)
    check_names(record, call.fields, write=True)
    return apply_inline(context, namespace, digest, record, call, origin, session)


def apply_inline(  # noqa: PLR0917 - the hot path calls it by position
    context: RecordContext,
    namespace: Namespace,
    digest: bytes,
    record: Record | None,
    call: UdfCall,
    origin: str,
    session: ClientSession | None,
) -> RecordOutcome | None:
    """Do a call on the event loop; None when it belongs in a worker: then nothing has happened. Raises RequestRefused."""
    module, function, arguments, _, fields, _ = call
    view = view_of(namespace, digest, record, fields)
    result = context.host.run_inline(module, function, arguments, view, len(arguments) + len(view.bins))
    if result is None:
        return None
    return commit_result(context, namespace, digest, call, record, result, origin, session)


async def apply_in_worker(  # noqa: PLR0917 - as `apply`, with the time
    context: RecordContext,
    namespace: Namespace,
    message: Message,
    origin: str,
    session: ClientSession | None,
    seconds: float,
) -> RecordOutcome:
    """Answer a UDF call that `apply` gave back; it may take ``seconds``. The caller holds the record's lock."""
    digest = message.digest
    assert digest is not None
    call = call_of(message)
    record = namespace.get(digest)
    view = view_of(namespace, digest, record, call.fields)
    result = await context.host.run(record_call(call.module, call.function, call.arguments, view), seconds)
    return commit_result(context, namespace, digest, call, record, result, origin, session)


def view_of(
    namespace: Namespace, digest: bytes, record: Record | None, fields: dict[int, bytes]
) -> RecordView:
    """The record as it crosses into Lua."""
    if record is None:
        key = fields.get(FIELD_KEY, b"")
        set_name = fields.get(FIELD_SET, b"")
        return _new(RecordView, (False, 0, 0, 0, set_name, key, digest, b"", namespace.in_memory))
    generation, void_time, last_update, set_name, key, bins = record
    ttl = max(0, void_time - now_seconds()) if void_time else 0
    key = key or fields.get(FIELD_KEY, b"")
    in_memory = namespace.in_memory
    return _new(RecordView, (True, generation, ttl, last_update, set_name, key, digest, bins, in_memory))


def commit_result(  # noqa: PLR0917 - the hot path calls it by position
    context: RecordContext,
    namespace: Namespace,
    digest: bytes,
    call: UdfCall,
    record: Record | None,
    result: UdfResult,
    origin: str,
    session: ClientSession | None,
) -> RecordOutcome:
    """Do to the record what the function did to its copy, as one write, and answer. Raises RequestRefused."""
    code, kind, value, action, bins, own_ttl, drop_key, detail, _ = result
    generation, void_time = (0, 0) if record is None else record[:2]
    counted = "_lang_read_success"
    if code != OK:
        counted = "_lang_error"
        _note_failure(context, namespace, digest, call, session, value or code, detail)
    if action == WRITE:
        fields = call.fields
        ttl = call.ttl if own_ttl is None else own_ttl
        key = b"" if drop_key else (record and record.key) or fields.get(FIELD_KEY, b"")
        set_name = fields.get(FIELD_SET, b"")
        try:
            generation, void_time = namespace.write(digest, record, ttl, set_name, key, bins)
        except RequestRefused as error:
            _note_failure(context, namespace, digest, call, session, str(error).encode(), None)
            raise
        counted = "_lang_write_success"
    elif action == DELETE:
        namespace.delete(digest)
        void_time = 0
        if record is not None:  # the delete counts as the record's last change
            generation = generation % GENERATION_MAX + 1
        counted = "_lang_delete_success"
    namespace.counters[origin + counted] += 1
    name = _NAMES.get(code)
    if name is None:
        return failed(code)
    answer = _pack_answer(4 + _NAME_SIZE + len(value), OP_READ, kind, 0, _NAME_SIZE, name) + value
    return new_tuple(RecordOutcome, (code, generation, void_time, answer, 1))


def _note_failure(  # noqa: PLR0917 - what a line of the log is made of
    context: RecordContext,
    namespace: Namespace,
    digest: bytes,
    call: UdfCall,
    session: ClientSession | None,
    message: bytes | int,
    detail: bytes | None,
) -> None:
    """Count a failure, and have the log tell of it, unless it has just done so."""
    module, function = call.module, call.function
    context.host.count_failure(module, function, timed_out=message == TIMEOUT)
    if not context.failures.holds_back(module, function, message):
        subject = f"record {{{text(namespace.name)}}} {text(call.set_name)} {digest.hex()}"
        context.failures.tell(FailedCall(module, function, subject, session), message, detail)
