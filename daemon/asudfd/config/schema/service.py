"""Parameters of the context `service`, in the order `get-config` lists them (alphabetical).

Names and defaults: the `get-config` lines measured on a real server 8.1.2.0 (info-protocol, Appendix B).
"""

import os
from dataclasses import dataclass

from asudfd.config.parameter import INT_MAX, NUMBER_MAX, PLAIN_SECONDS, between, parameter

NODE_ID_DIGITS_MAX = 16

FD_MAX_LOW, FD_MAX_HIGH = 1024, 1_000_000
"""Limits of proto-fd-max in a running server; a file may have up to INT_MAX there."""

CLUSTER_SIZE_MAX = 8
"""Most nodes of a cluster of the Community Edition."""


PROCESS_NODES_MAX = 64
"""Most nodes of one process: each has its listeners, its files and a Lua host, and they share one event loop."""


def node_id(text: str) -> str:
    """``text`` as a node id: 1 to 16 hex digits, not zero, in upper case, after 0x or not. Raises ValueError."""
    digits = text.upper().removeprefix("0X")
    if (
        not digits
        or len(digits) > NODE_ID_DIGITS_MAX
        or digits.strip("0123456789ABCDEF")
        or not digits.strip("0")
    ):
        raise ValueError(f"must be 1 to {NODE_ID_DIGITS_MAX} hexadecimal digits and not zero, not {text!r}")
    return digits


def build(text: str) -> str:
    """``text`` as a release: numbers joined by dots, since clients compare them. Raises ValueError."""
    parts = text.split(".")
    if not 2 <= len(parts) <= 5 or not all(part.isascii() and part.isdigit() for part in parts):
        raise ValueError(f"must be 2 to 5 numbers joined by dots, not {text!r}")
    return text


def plain(text: str) -> str:
    """``text``, if it can stand in an info answer. Raises ValueError."""
    if not text.isprintable() or set(text) & set(";=, "):
        raise ValueError(f"must be printable and without blanks ; = and comma, not {text!r}")
    return text


@dataclass(slots=True)
class ServiceConfig:
    """The node as a whole."""

    advertise_ipv6: bool = parameter(False, "Tell clients IPv6 addresses too.", dynamic=True)
    auto_pin: str = parameter("none", "Pin service threads to CPUs.", choices=("none", "cpu", "numa", "adq"))
    batch_index_threads: int = parameter(
        os.cpu_count() or 1,
        "Threads that answer batch requests.",
        varies="one a CPU",
        low=1,
        high=256,
        dynamic=True,
    )
    batch_max_buffers_per_queue: int = parameter(255, "Response buffers of one batch queue.", dynamic=True)
    batch_max_requests: int = parameter(
        0, "Most keys of one batch request; 0 is no limit.", dynamic=True, effect=True
    )
    batch_max_unused_buffers: int = parameter(256, "Batch buffers kept for re-use.", dynamic=True)
    cgroup_mem_tracking: bool = parameter(False, "Take memory figures from the cgroup.", dynamic=True)
    cluster_name: str = parameter(
        "null",
        "Name of the cluster; clients may insist on it.",
        high=63,
        dynamic=True,
        effect=True,
        check=plain,
    )
    debug_allocations: bool = parameter(False, "Track memory allocations.")
    disable_udf_execution: bool = parameter(
        False, "Refuse to run any UDF; clients get result code 22.", effect=True
    )
    enable_benchmarks_fabric: bool = parameter(False, "Histograms of traffic between nodes.", dynamic=True)
    enable_health_check: bool = parameter(False, "Look for outliers among the nodes.", dynamic=True)
    enable_hist_info: bool = parameter(False, "Histogram of info requests.", dynamic=True)
    enforce_best_practices: bool = parameter(False, "Refuse to start on a badly prepared system.")
    indent_allocations: bool = parameter(False, "Catch writes past allocated memory.")
    info_max_ms: int = parameter(
        10000,
        "Longest wait of an info request for a thread; asudfd begins every request at once.",
        unit="milliseconds",
        low=500,
        high=10000,
        dynamic=True,
    )
    info_threads: int = parameter(16, "Threads that answer info requests.", low=1, high=256, dynamic=True)
    keep_caps_ssd_health: bool = parameter(False, "Keep the rights to read the health of drives.")
    log_local_time: bool = parameter(False, "Log lines carry local time instead of GMT.", effect=True)
    log_millis: bool = parameter(False, "Log lines carry milliseconds.", effect=True)
    microsecond_histograms: bool = parameter(False, "Histograms count microseconds.", dynamic=True)
    migrate_fill_delay: int = parameter(
        0,
        "Wait before partitions are filled after a node left.",
        unit="seconds",
        dynamic=True,
        enterprise=True,
    )
    migrate_max_num_incoming: int = parameter(4, "Partitions taken in at once.", high=256, dynamic=True)
    migrate_threads: int = parameter(1, "Threads that move partitions.", high=100, dynamic=True)
    min_cluster_size: int = parameter(
        1,
        "Smallest cluster that works.",
        high=CLUSTER_SIZE_MAX,
        dynamic=True,
    )
    node_id: str = parameter(
        "A1",
        "This node's id, 1 to 16 hexadecimal digits; further nodes of one process count on from it.",
        effect=True,
        check=node_id,
    )
    node_id_interface: str = parameter("", "Network interface whose address becomes the node id.")
    os_group_perms: bool = parameter(False, "Files are writable by the group.")
    pidfile: str = parameter("", "File for the process id.")
    poison_allocations: bool = parameter(False, "Fill freed memory with a pattern.")
    proto_fd_idle_ms: int = parameter(
        0,
        "Close a client connection that was idle for so long; 0 is never.",
        unit="milliseconds",
        high=INT_MAX,
        dynamic=True,
        effect=True,
    )
    proto_fd_max: int = parameter(
        15000,
        "Most client connections; one more is closed at once.",
        low=FD_MAX_LOW,
        high=INT_MAX,
        dynamic=True,
        effect=True,
        live=between(FD_MAX_LOW, FD_MAX_HIGH),
    )
    quarantine_allocations: int = parameter(0, "Freed blocks kept aside.", high=100000000)
    query_max_done: int = parameter(
        100, "Finished queries remembered.", high=10000, dynamic=True, effect=True
    )
    query_threads_limit: int = parameter(128, "Most threads of queries.", low=1, high=1024, dynamic=True)
    run_as_daemon: bool = parameter(
        True, "Detach from the terminal; asudfd stays in the foreground, as systemd likes it.", bare=True
    )
    secrets_address_port: str = parameter("", "Address and port of the secret agent.", enterprise=True)
    secrets_tls_context: str = parameter("", "TLS context of the secret agent.", enterprise=True)
    secrets_uds_path: str = parameter("", "Unix socket of the secret agent.", enterprise=True)
    service_threads: int = parameter(
        os.cpu_count() or 1,
        "Threads that serve clients.",
        varies="one a CPU",
        low=1,
        high=4096,
        dynamic=True,
    )
    sindex_builder_threads: int = parameter(
        4, "Threads that build secondary indexes.", low=1, high=32, dynamic=True, live=between(0, 32)
    )
    sindex_gc_period: int = parameter(
        10, "Pause between clean-ups of secondary indexes.", unit=PLAIN_SECONDS, dynamic=True
    )
    stay_quiesced: bool = parameter(False, "Take no partitions after the start.", enterprise=True)
    ticker_interval: int = parameter(
        10,
        "Pause between two tickers in the log; 0 is a second.",
        unit=PLAIN_SECONDS,
        dynamic=True,
        effect=True,
    )
    tls_refresh_period: int = parameter(
        0, "Pause between looks at changed certificates.", unit="seconds", enterprise=True
    )
    transaction_max_ms: int = parameter(
        1000,
        "Time limit of a UDF call whose client names none; 0 is that of mod-lua, time-max-ms.",
        unit="milliseconds",
        dynamic=True,
        effect=True,
    )
    transaction_retry_ms: int = parameter(
        1002,
        "Pause before a replica write is tried again.",
        unit="milliseconds",
        dynamic=True,
        live=between(1, NUMBER_MAX),
    )
    vault_ca: str = parameter("", "Certificate authority of Vault.", enterprise=True)
    vault_namespace: str = parameter("", "Namespace of Vault.", enterprise=True)
    vault_path: str = parameter("", "Path inside Vault.", enterprise=True)
    vault_token_file: str = parameter("", "File with the token for Vault.", enterprise=True)
    vault_url: str = parameter("", "Address of Vault.", enterprise=True)
    work_directory: str = parameter(
        "/opt/aerospike",
        "Directory of all state: system metadata and, unless set apart, modules.",
        high=255,
        effect=True,
    )

    user: str = parameter("", "User to change to after the start.", shown=False)
    group: str = parameter("", "Group to change to after the start.", shown=False)
    feature_key_file: tuple[str, ...] = parameter(
        (), "Feature key of the Enterprise Edition.", shown=False, enterprise=True
    )

    build: str = parameter(
        "8.1.2.0",
        "Release that asudfd says it is; clients choose their behaviour by it.",
        high=31,
        effect=True,
        own=True,
        check=build,
    )
    proto_buffer_max: int = parameter(
        256 << 20,
        "Most memory for half-received requests, over all connections.",
        unit="bytes",
        low=1 << 20,
        high=1 << 40,
        effect=True,
        own=True,
    )
    proto_backlog_max: int = parameter(
        1 << 20,
        "Unsent reply bytes of a connection before asudfd stops reading from it.",
        unit="bytes",
        low=1 << 10,
        high=1 << 30,
        effect=True,
        own=True,
    )
    watchdog_seconds: int = parameter(
        5,
        "Processor time for which one thing may hold the event loop before asudfd starts itself anew; 0 is any.",
        unit="seconds",
        high=3600,
        effect=True,
        own=True,
    )
