"""The longer queries of a node: background queries and aggregations, under way or ended.

Clients follow them through `query-show`; ended ones are remembered, as many as `query-max-done` says.
Source: info-protocol, section 5.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import TYPE_CHECKING

from asinfo.wire.digest import PARTITIONS
from asinfo.wire.info import without
from asinfo.wire.message import (
    FIELD_JOB,
    FIELD_NAMESPACE,
    FIELD_SET,
    FIELD_SOCKET_TIMEOUT,
    FIELD_UDF_FUNCTION,
    FIELD_UDF_MODULE,
)
from asinfo.wire.result import Result
from asudfd.aerospike.message.many.selection import Throttle
from asudfd.record.refused import RequestRefused

if TYPE_CHECKING:
    from asudfd.network.session import ClientSession
    from asudfd.record.namespace import Namespace

ACTIVE_MAX = 128
"""Most jobs at a time, and most aggregations, which have memory of their own; as the real server's query-threads-limit."""

_TYPES = {"udf": "background-udf", "ops": "background-ops", "aggr": "aggregation"}

_SEPARATORS = ":;="


class QueryJob:
    """One query: what it does, for whom, and how far it is. Times are in seconds of the monotonic clock."""

    __slots__ = (
        *(
            "_client",
            "_task",
            "aborted",
            "ended",
            "failed",
            "fields",
            "filtered",
            "id",
            "index_name",
            "namespace",
            "partitions",
        ),
        *("sent", "started", "succeeded", "throttle", "word"),
    )

    def __init__(
        self,
        word: str,
        namespace: Namespace,
        fields: dict[int, bytes],
        session: ClientSession | None,
        rate: int = 0,
    ) -> None:
        self.word = word
        self.id = int.from_bytes(fields.get(FIELD_JOB, b""), "big") or secrets.randbits(63)
        self.namespace = namespace
        self.fields = fields
        self.index_name = ""  # of the secondary index that the query goes by
        self.throttle = Throttle(rate)
        self.started = time.monotonic()
        self.ended = 0.0
        self.aborted = False
        self.partitions = self.succeeded = self.failed = self.filtered = self.sent = 0
        self._client = session.address if session is not None else ""
        self._task: asyncio.Task[None] | None = None

    async def wait(self) -> None:
        """Return when the job has ended, if it runs in the background."""
        if self._task is not None and not self._task.done():
            await asyncio.wait([self._task])

    def line(self) -> str:
        """The job as `query-show` tells of it."""
        now = self.ended or time.monotonic()
        state = "active" if not self.ended else "done"
        figures: list[tuple[str, object]] = [
            ("trid", self.id),
            ("ns", self._text(FIELD_NAMESPACE)),
            ("set", self._text(FIELD_SET)),
            *((("sindex-name", without(_SEPARATORS, self.index_name)),) if self.index_name else ()),
            ("rps", self.throttle.rate),
            ("active-threads", int(not self.ended)),
            ("status", f"{state}({'user-aborted' if self.aborted else 'ok'})"),
            ("job-progress", f"{100 * self.partitions / PARTITIONS:.2f}"),
            ("run-time", int((now - self.started) * 1000)),
            ("time-since-done", int((time.monotonic() - self.ended) * 1000) if self.ended else 0),
            ("recs-throttled", self.throttle.count),
            *(("recs-filtered-meta", 0), ("recs-filtered-bins", self.filtered)),
            ("recs-succeeded", self.succeeded),
            ("recs-failed", self.failed),
            ("from", self._client),
            ("job-type", _TYPES[self.word]),
            ("net-io-bytes", self.sent),
            ("socket-timeout", int.from_bytes(self.fields.get(FIELD_SOCKET_TIMEOUT, b""), "big")),
        ]
        if self.word == "ops":
            figures.append(("ops-active", int(not self.ended)))
        if self.word == "udf":
            figures += [
                ("udf-filename", self._text(FIELD_UDF_MODULE)),
                ("udf-function", self._text(FIELD_UDF_FUNCTION)),
                ("udf-active", int(not self.ended)),
            ]
        return ":".join(f"{name}={value}" for name, value in figures)

    def _text(self, identifier: int) -> str:
        """A field as it may stand in an info answer, where clients' names could break the line."""
        return without(_SEPARATORS, self.fields.get(identifier, b"").decode("utf-8", "replace"))


class QueryJobs(dict[int, QueryJob]):
    """The longer queries of a node by their ids, in the order in which they began."""

    __slots__ = ()

    def add(self, job: QueryJob, done_max: int) -> None:
        """Take in a job; of those that have ended only the last ``done_max`` stay. Raises RequestRefused."""
        if job.id in self:
            raise RequestRefused(Result.PARAMETER, "a job with this id is still remembered")
        self._forget(done_max)
        if sum(not each.ended for each in self.values()) >= ACTIVE_MAX:
            raise RequestRefused(Result.FORBIDDEN, "too many queries run")
        self[job.id] = job

    def end(self, job: QueryJob, done_max: int) -> None:
        """A job has ended; of those only the last ``done_max`` stay."""
        job.ended = time.monotonic()
        self._forget(done_max)

    def _forget(self, done_max: int) -> None:
        done = [each.id for each in self.values() if each.ended]
        for identity in done[: max(0, len(done) - done_max)]:
            del self[identity]

    async def stop(self) -> None:
        """End every job."""
        for job in tuple(self.values()):
            job.aborted = job.aborted or not job.ended
            await job.wait()
