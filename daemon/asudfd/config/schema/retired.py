"""Names of other releases and editions.

A retired parameter loads with a warning that says what takes its place; one of the Enterprise Edition is an error,
since a node that ignored it would promise what it does not do; those among the parameters are marked where they are
declared. The one that asudfd has of its own, commit-to-device, loads with a warning.
"""

from asudfd.config.schema.lua import ModLua
from asudfd.config.schema.namespace import NamespaceConfig, StorageEngine
from asudfd.config.schema.network import HeartbeatConfig, NetworkConfig, NetworkServiceConfig
from asudfd.config.schema.service import ServiceConfig

_GONE = "no longer exists and is ignored"
_STORAGE = "now belongs in the storage-engine context and is ignored here"


def _gone(names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), _GONE)


RETIRED: dict[type, dict[str, str]] = {
    ServiceConfig: _gone(
        "allow-inline-transactions auto-dun auto-undun batch-priority batch-threads dump-message-above-size "
        "enable-hist-proxy fabric-dump-msgs fabric-workers max-msgs-per-type memory-accounting "
        "migrate-read-priority migrate-xmit-priority nsup-delete-sleep nsup-period nsup-startup-evict "
        "paxos-max-cluster-size paxos-protocol paxos-recovery-policy paxos-single-replica-limit "
        "paxos-retransmit-period proto-slow-netio-sleep-ms query-batch-size query-bufpool-size "
        "query-in-transaction-thread query-long-q-max-size query-priority query-rec-count-bound "
        "query-req-in-query-thread query-req-max-inflight query-short-q-max-size query-threads query-threshold "
        "query-worker-threads respond-client-on-master-completion scan-max-active scan-max-done scan-max-udf-transactions "
        "scan-threads scan-threads-limit sindex-data-max-memory sindex-populator-scan-priority snub-nodes "
        "transaction-duplicate-threads transaction-pending-limit transaction-queues transaction-repeatable-read "
        "transaction-threads-per-queue udf-runtime-max-gmemory udf-runtime-max-memory use-queue-per-device "
        "write-duplicate-resolution-disable"
    ),
    NetworkServiceConfig: _gone("reuse-address network-interface-name"),
    NetworkConfig: _gone("info"),
    HeartbeatConfig: _gone("mcast-ttl interface-address mesh-rw-retry-timeout"),
    NamespaceConfig: {
        **_gone(
            "allow-nonxdr-writes allow-xdr-writes background-scan-max-rps cold-start-evict-ttl data-in-index "
            "disable-nsup disable-odirect enable-benchmarks-storage enable-osync enable-xdr evict-sys-memory-pct "
            "fsync-max-sec high-water-disk-pct high-water-memory-pct ldt-enabled ldt-gc-rate ldt-page-size "
            "max-ttl memory-budget ns-forward-xdr-writes obj-size-hist-max partition-tree-locks "
            "set-disable-eviction single-bin single-scan-threads sindex-num-partitions stop-writes-pct "
            "stop-writes-sys-memory-pct-high tree-shared-memory xdr-remote-datacenter"
        ),
        "memory-size": "now is data-size in 'storage-engine memory { ... }' and is ignored",
        "data-in-memory": _STORAGE,
        "filesize": _STORAGE,
    },
    StorageEngine: {
        **_gone(
            "data-in-memory defrag-max-blocks defrag-period defrag-queue-hwm defrag-queue-lwm defrag-queue-escape "
            "defrag-queue-priority disable-odirect enable-osync fsync-max-sec max-used-pct min-avail-pct "
            "post-write-queue scheduler-mode write-block-size write-smoothing-period write-threads"
        ),
        "memory-size": "now is data-size and is ignored",
    },
    ModLua: {"system-path": "is ignored: the library for Lua is built in"},
}

ENTERPRISE: dict[str, set[str]] = {
    "": {"security", "xdr"},
}
"""What only the Enterprise Edition has, by the context it stands in. Of `tls` in `network` see bind.py."""

ENTERPRISE_KINDS: dict[str, set[str]] = {
    "index-type": {"flash", "pmem", "shmem"},
    "sindex-type": {"flash", "pmem", "shmem"},
    "storage-engine": {"pmem"},
}
"""Words after the name of a context that only the Enterprise Edition knows."""
