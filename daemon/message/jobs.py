"""Background queries: a UDF, or write operations, on every record of a set while the client goes on.

The reply comes before any work is done. Clients follow the job through `query-show`; finished ones are remembered,
as many as `query-max-done` says.
Source: the wire specification, section 4.8; info-protocol, section 5.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import TYPE_CHECKING

from asinfo.wire import frame
from asinfo.wire.message import (
    FIELD_JOB,
    FIELD_NAMESPACE,
    FIELD_SET,
    FIELD_SOCKET_TIMEOUT,
    FIELD_UDF_ARGUMENTS,
    FIELD_UDF_FUNCTION,
    FIELD_UDF_MODULE,
    INFO2_WRITE,
    INFO3_LAST,
    reply,
)
from asinfo.wire.result import Result
from daemon.message.outcome import OK
from daemon.record.record import PARTITIONS
from daemon.record.refused import Refused

if TYPE_CHECKING:
    from asinfo.wire.message import Message, Op
    from daemon.message.dispatch import Messages
    from daemon.record.namespace import Namespace

TURN_SECONDS = 0.002
"""How long a job goes on before the connections have a turn."""

ACTIVE_MAX = 128
"""Most jobs at a time; the real server's query-threads-limit is the same number."""

_STARTED = frame.pack(frame.MESSAGE, reply(OK, info3=INFO3_LAST))


class Job:
    """One background query: what it does, and how far it is. Times are in seconds of the monotonic clock."""

    __slots__ = (
        *(
            "_message",
            "_task",
            "_todo",
            "aborted",
            "ended",
            "failed",
            "fields",
            "id",
            "namespace",
            "partitions",
        ),
        *("started", "succeeded", "word"),
    )

    def __init__(self, identity: int, namespace: Namespace, message: Message, todo: list[Op]) -> None:
        self.id = identity
        self.namespace = namespace
        self.fields = message[9]
        self.word = "udf" if FIELD_UDF_MODULE in self.fields else "ops"
        self.started = time.monotonic()
        self.ended = 0.0
        self.aborted = False
        self.partitions = self.succeeded = self.failed = 0
        self._message = message
        self._todo = todo
        self._task: asyncio.Task[None] | None = None

    def start(self, messages: Messages) -> None:
        """Begin, in the background."""
        self._task = asyncio.get_running_loop().create_task(self._run(messages))

    async def wait(self) -> None:
        """Return when the job has ended."""
        if self._task is not None and not self._task.done():
            await asyncio.wait([self._task])

    async def _run(self, messages: Messages) -> None:
        try:
            await self._work(messages)
        finally:
            self.ended = time.monotonic()
            end = "abort" if self.aborted else "complete"
            self.namespace.counters[f"pi_query_{self.word}_bg_{end}"] += 1

    async def _work(self, messages: Messages) -> None:
        turn_end = time.monotonic() + TURN_SECONDS
        wanted = self.fields.get(FIELD_SET)
        for number in range(PARTITIONS):
            if messages.owns(number):
                for digest, record in self.namespace.scan(number):
                    if not wanted or record.set_name == wanted:
                        await self._visit(messages, digest, record.set_name)
                    if time.monotonic() > turn_end:
                        await asyncio.sleep(0)
                        turn_end = time.monotonic() + TURN_SECONDS
                    if self.aborted:
                        return
            self.partitions = number + 1

    async def _visit(self, messages: Messages, digest: bytes, set_name: bytes) -> None:
        fields = {FIELD_NAMESPACE: self.namespace.name, FIELD_SET: set_name}
        for identifier in (FIELD_UDF_MODULE, FIELD_UDF_FUNCTION, FIELD_UDF_ARGUMENTS):
            if identifier in self.fields:
                fields[identifier] = self.fields[identifier] or b"\x90"
        ttl = self._message[6] if self.word == "ops" else 0
        request = (0, INFO2_WRITE, 0, 0, 0, 0, ttl, 0, digest, fields, 0, 0)
        outcome = messages.answer(request, self._todo, f"{self.word}_sub")
        if not isinstance(outcome, tuple):
            outcome = await outcome
        if outcome[0] == OK:
            self.succeeded += 1
        else:
            self.failed += 1

    def line(self) -> str:
        """The job as `query-show` tells of it."""
        now = self.ended or time.monotonic()
        state = "active" if not self.ended else "done"
        figures: list[tuple[str, object]] = [
            ("trid", self.id),
            ("ns", self._text(FIELD_NAMESPACE)),
            ("set", self._text(FIELD_SET)),
            ("rps", self.namespace.config.background_query_max_rps),
            ("active-threads", int(not self.ended)),
            ("status", f"{state}({'user-aborted' if self.aborted else 'ok'})"),
            ("job-progress", f"{100 * self.partitions / PARTITIONS:.2f}"),
            ("run-time", int((now - self.started) * 1000)),
            ("time-since-done", int((time.monotonic() - self.ended) * 1000) if self.ended else 0),
            *(("recs-throttled", 0), ("recs-filtered-meta", 0), ("recs-filtered-bins", 0)),
            ("recs-succeeded", self.succeeded),
            ("recs-failed", self.failed),
            ("job-type", f"background-{self.word}"),
            ("net-io-bytes", len(_STARTED)),
            ("socket-timeout", int.from_bytes(self.fields.get(FIELD_SOCKET_TIMEOUT, b""), "big")),
        ]
        if self.word == "udf":
            figures += [
                ("udf-filename", self._text(FIELD_UDF_MODULE)),
                ("udf-function", self._text(FIELD_UDF_FUNCTION)),
                ("udf-active", int(not self.ended)),
            ]
        return ":".join(f"{name}={value}" for name, value in figures)

    def _text(self, identifier: int) -> str:
        """A field as it may stand in an info answer, where clients' names could break the line."""
        text = self.fields.get(identifier, b"").decode("utf-8", "replace")
        return "".join("?" if letter in ":;=" or not letter.isprintable() else letter for letter in text)


class Jobs(dict[int, Job]):
    """The background queries of a node by their ids, in the order in which they began."""

    __slots__ = ()

    def add(self, job: Job, done_max: int) -> None:
        """Take in a job; of the finished ones only the last ``done_max`` stay. Raises Refused."""
        if job.id in self:
            raise Refused(Result.PARAMETER, "a job with this id is still remembered")
        done = [each.id for each in self.values() if each.ended]
        for identity in done[: max(0, len(done) - done_max)]:
            del self[identity]
        if len(self) - len(done) >= ACTIVE_MAX:
            raise Refused(Result.FORBIDDEN, "too many background queries run")
        self[job.id] = job

    async def stop(self) -> None:
        """End every job."""
        for job in tuple(self.values()):
            job.aborted = job.aborted or not job.ended
            await job.wait()


def begin(messages: Messages, namespace: Namespace, message: Message, todo: list[Op]) -> bytes:
    """Start a background query; the reply. Raises Refused."""
    fields = message[9]
    service = messages.node.config.service
    job = Job(
        int.from_bytes(fields.get(FIELD_JOB, b""), "big") or secrets.randbits(63), namespace, message, todo
    )
    if job.word == "udf" and service.disable_udf_execution:
        raise Refused(Result.FORBIDDEN, "disable-udf-execution is true")
    if job.word == "ops" and not todo:
        raise Refused(Result.PARAMETER, "a background query that does nothing")
    if fields.get(FIELD_SET) and fields[FIELD_SET] not in namespace.sets:
        raise Refused(Result.NOT_FOUND, "no such set")
    messages.jobs.add(job, service.query_max_done)
    job.start(messages)
    return _STARTED
