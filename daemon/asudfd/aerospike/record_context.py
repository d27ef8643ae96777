"""Takes out of a node what the handlers of record messages need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.aerospike.message.context import RecordContext
from asudfd.aerospike.message.owners import PartitionOwners

if TYPE_CHECKING:
    from asudfd.aerospike.node import AerospikeNode


def record_context(node: AerospikeNode) -> RecordContext:
    """The parts of ``node`` that record messages need."""
    return RecordContext(
        node.id,
        node.config,
        namespaces=node.namespaces,
        host=node.host,
        cluster=node.cluster,
        owners=PartitionOwners(),
        jobs=node.jobs,
        counters=node.counters,
        refusals=node.refusals,
        failures=node.failures,
        log=node.log,
    )
