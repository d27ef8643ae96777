"""UDF calls that go to a worker with others of the same turn of the event loop: answered when they come back, without a task for each."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

from asinfo.wire.message import unpack
from asudfd.aerospike.message.single.commit import reply_to_write
from asudfd.aerospike.message.single.udf import commit_result, view_of
from asudfd.lua.aerospike.record_view import record_call
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from asudfd.aerospike.message.counts import ResultCounters
    from asudfd.aerospike.message.single.executor import RecordExecutor
    from asudfd.aerospike.message.single.udf_call import UdfCall
    from asudfd.lua.aerospike.udf_result import UdfResult
    from asudfd.network.session import ClientSession
    from asudfd.record.namespace import Namespace
    from asudfd.record.record import Record


class SoonCall:
    """A plain call of a client on a record that nobody has locked. ``body`` is its message; ``counts`` are what is counted of it."""

    __slots__ = (
        "_began",
        "_body",
        "_call",
        "_counts",
        "_digest",
        "_executor",
        "_namespace",
        "_record",
        "_reply",
        "_session",
    )

    def __init__(
        self,
        executor: RecordExecutor,
        namespace: Namespace,
        body: bytes,
        digest: bytes,
        *,
        call: UdfCall,
        counts: ResultCounters,
        session: ClientSession | None,
    ) -> None:
        self._executor = executor
        self._namespace = namespace
        self._body = body
        self._digest = digest
        self._call = call
        self._counts = counts
        self._session = session
        self._began = monotonic()
        self._record: Record | None = None

    def begin(self) -> asyncio.Future[bytes] | None:
        """The reply, which holds the record's lock until it is there; None where the call does not go with others. Raises RequestRefused."""
        namespace, digest, call = self._namespace, self._digest, self._call
        self._record = namespace.get(digest)
        view = view_of(namespace, digest, self._record, call.fields)
        host = self._executor.context.host
        ran = host.run_soon(record_call(call.module, call.function, call.arguments, view))
        if ran is None:
            return None
        namespace.locks.take(digest)
        self._reply: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        ran.add_done_callback(self._end)
        return self._reply

    def _end(self, ran: asyncio.Future[UdfResult | None]) -> None:
        """The call has run; a client that is gone has no effect."""
        namespace, reply = self._namespace, self._reply
        found = None if ran.cancelled() else ran.result()
        made: bytes | Awaitable[bytes] | None = None
        if found is not None and not reply.done():
            made = self._committed(found)
        namespace.locks.give(self._digest)
        if reply.done():
            return
        if made is None:
            again = self._executor.respond_later(namespace, unpack(self._body), [], "client", self._session)
            made = namespace.latencies.timed("udf", self._began, again)
        if isinstance(made, bytes):
            reply.set_result(made)
        else:
            _chain(made, reply)

    def _committed(self, found: UdfResult) -> bytes | Awaitable[bytes]:
        context, namespace, session = self._executor.context, self._namespace, self._session
        try:
            outcome = commit_result(
                context, namespace, self._digest, self._call, self._record, found, "client", session
            )
        except RequestRefused as error:
            outcome = context.refuse(error, session)
        except Exception as error:  # noqa: BLE001 - the edge, as in `RecordExecutor`
            outcome = context.fault(error)
        namespace.counters[self._counts.names["client"][outcome.code]] += 1
        return reply_to_write(namespace, "udf", self._began, outcome)


def _chain(made: Awaitable[bytes], reply: asyncio.Future[bytes]) -> None:
    """Have ``reply`` be what ``made`` comes to; whoever cancels the one cancels the other."""
    task = asyncio.ensure_future(made)

    def end(_: object) -> None:
        if reply.done():
            return
        if task.cancelled():
            reply.cancel()
        elif error := task.exception():
            reply.set_exception(error)
        else:
            reply.set_result(task.result())

    task.add_done_callback(end)
    reply.add_done_callback(lambda _: task.cancel())
