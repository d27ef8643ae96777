"""The parts of a node that handlers of record messages get, and their common answers to faults."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

from asinfo.wire.result import Result
from asudfd.aerospike.message.outcome import failed

if TYPE_CHECKING:
    from asinfo.wire.particle import Refused as ParticleRefused
    from asudfd.aerospike.failures import FailureLog
    from asudfd.aerospike.message.many.jobs import QueryJobs
    from asudfd.aerospike.message.outcome import RecordOutcome
    from asudfd.aerospike.message.owners import PartitionOwners
    from asudfd.aerospike.refusals import RefusalLog
    from asudfd.cluster.cluster import Cluster
    from asudfd.config.schema import Config
    from asudfd.lua.aerospike.host import UdfHost
    from asudfd.network.session import ClientSession
    from asudfd.node import Counters
    from asudfd.process.log import Log
    from asudfd.record.namespace import Namespace
    from asudfd.record.refused import RequestRefused


class RecordContext:
    """The parts of one node that record messages need.

    ``service`` and ``lua`` are sections of the configuration, whose values may change. ``owners`` says which node owns a
    record, ``jobs`` are the longer queries, ``refusals`` tells why requests were refused, ``failures``
    why calls of UDFs failed.
    """

    __slots__ = (
        *("cluster", "counters", "failures", "host", "id", "jobs", "log", "lua", "namespaces", "owners"),
        *("refusals", "service"),
    )

    def __init__(
        self,
        identity: str,
        config: Config,
        *,
        namespaces: dict[bytes, Namespace],
        host: UdfHost,
        cluster: Cluster,
        owners: PartitionOwners,
        jobs: QueryJobs,
        counters: Counters,
        refusals: RefusalLog,
        failures: FailureLog,
        log: Log,
    ) -> None:
        self.id = identity
        self.service = config.service
        self.lua = config.mod_lua
        self.namespaces = namespaces
        self.host = host
        self.cluster = cluster
        self.owners = owners
        self.jobs = jobs
        self.counters = counters
        self.refusals = refusals
        self.failures = failures
        self.log = log

    def seconds_for(self, asked_ms: int = 0) -> float:
        """How long a request may take for which its client allows so many milliseconds; 0 leaves it to the node."""
        return (asked_ms or self.service.transaction_max_ms or self.lua.time_max_ms) / 1000

    def refuse(self, error: RequestRefused | ParticleRefused, session: ClientSession | None) -> RecordOutcome:
        """The outcome of a request that was refused; why is noted."""
        self.refusals.note(error.code, str(error), session)
        return failed(error.code)

    def fault(self, error: Exception) -> RecordOutcome:
        """The outcome of a request in which the node itself has failed; the log tells where."""
        where = "".join(traceback.format_exception(error))
        self.log.warning("rw", f"internal error: {where}")
        return failed(Result.SERVER_ERROR)
