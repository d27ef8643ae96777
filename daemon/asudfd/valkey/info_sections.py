"""The sections of INFO."""

from __future__ import annotations

import os
import platform
import resource
import sys
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asudfd.valkey.version import REDIS_VERSION, full_version

if TYPE_CHECKING:
    from collections.abc import Callable

    from asudfd.valkey.settings import ValkeySettings
    from asudfd.valkey.state import ServerState

Fields = dict[str, object]

PAGE = os.sysconf("SC_PAGE_SIZE")


def human(size: float) -> str:
    """A size as people read it."""
    for unit in ("B", "K", "M", "G", "T"):
        if size < 1024 or unit == "T":
            return f"{int(size)}B" if unit == "B" else f"{size:.2f}{unit}"
        size /= 1024
    raise AssertionError


@cache
def _total_memory() -> int:
    return os.sysconf("SC_PHYS_PAGES") * PAGE


def _resident() -> int:
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def used_memory(state: ServerState) -> int:
    """Bytes of the Lua state: data, libraries, scripts."""
    return int(state.engine.lua[b"memory_used"]())


def _server(state: ServerState) -> Fields:
    settings, uptime = state.settings, int(time.time() - state.started)
    return {
        "redis_version": REDIS_VERSION.decode(),
        "server_name": "valkey",
        "valkey_version": full_version(settings).decode(),
        "valkey_release_stage": "ga",
        "redis_git_sha1": "00000000",
        "redis_git_dirty": 0,
        "redis_build_id": "asudfd",
        "server_mode": "cluster" if state.cluster else "standalone",
        "os": f"{platform.system()} {platform.release()} {platform.machine()}",
        "arch_bits": 64 if sys.maxsize > 1 << 32 else 32,
        "monotonic_clock": "POSIX clock_gettime",
        "multiplexing_api": "epoll" if sys.platform == "linux" else "poll",
        "gcc_version": "0.0.0",
        "process_id": os.getpid(),
        "process_supervised": "no",
        "run_id": state.run_id,
        "tcp_port": settings.text("port" if settings.text("port") != "0" else "tls-port"),
        "server_time_usec": int(time.time() * 1e6),
        "uptime_in_seconds": uptime,
        "uptime_in_days": uptime // 86400,
        "hz": settings.text("hz"),
        "configured_hz": settings.text("hz"),
        "lru_clock": int(time.time()) & 0xFFFFFF,
        "executable": sys.argv[0],
        "config_file": "",
        "io_threads_active": 0,
        "availability_zone": settings.text("availability-zone"),
        **_listeners(settings),
    }


def _listeners(settings: ValkeySettings) -> Fields:
    """The ports: plain, over TLS, or both."""
    ports = {"tcp": settings.text("port"), "tls": settings.text("tls-port")}
    bind = settings.text("bind")
    lines = [f"name={kind},bind={bind},port={port}" for kind, port in ports.items() if port != "0"]
    return {f"listener{number}": line for number, line in enumerate(lines)}


def _clients(state: ServerState) -> Fields:
    clients = tuple(state.clients.values())
    blocking, blocking_on_none = state.blocked.key_counts
    return {
        "connected_clients": len(clients),
        "cluster_connections": 0,
        "maxclients": state.settings.connections_max,
        "client_recent_max_input_buffer": 0,
        "client_recent_max_output_buffer": 0,
        "blocked_clients": sum(each.waiting is not None for each in clients) + state.pause.held,
        "tracking_clients": sum(each.tracking is not None for each in clients),
        "pubsub_clients": sum(each.is_subscriber for each in clients),
        "watching_clients": sum(bool(each.watched) for each in clients),
        "clients_in_timeout_table": 0,
        "total_watched_keys": sum(each.watched for each in clients),
        "total_blocking_keys": blocking,
        "total_blocking_keys_on_nokey": blocking_on_none,
        "paused_reason": "client_pause" if state.pause.mode else "none",
        "paused_actions": state.pause.mode or "none",
        "paused_timeout_milliseconds": max(0, int((state.pause.until - time.monotonic()) * 1000)),
    }


def _memory(state: ServerState) -> Fields:
    used, resident, most = used_memory(state), _resident(), state.settings.maxmemory
    state.memory_peak = max(state.memory_peak, used)
    libraries, functions = library_counts(state)
    scripts, script_bytes = (int(each) for each in state.engine.lua[b"script_counts"]())
    library_bytes = sum(map(len, state.libraries.texts.values()))
    texts = script_bytes + library_bytes
    return {
        "used_memory": used,
        "used_memory_human": human(used),
        "used_memory_rss": resident,
        "used_memory_rss_human": human(resident),
        "used_memory_peak": state.memory_peak,
        "used_memory_peak_human": human(state.memory_peak),
        "used_memory_peak_perc": f"{used / state.memory_peak:.2%}",
        "used_memory_overhead": state.memory_at_start,
        "used_memory_startup": state.memory_at_start,
        "used_memory_dataset": max(0, used - state.memory_at_start),
        "used_memory_dataset_perc": f"{max(0, used - state.memory_at_start) / used:.2%}",
        "allocator_allocated": used,
        "allocator_active": resident,
        "allocator_resident": resident,
        "total_system_memory": _total_memory(),
        "total_system_memory_human": human(_total_memory()),
        "used_memory_lua": texts,
        "used_memory_vm_eval": script_bytes,
        "used_memory_lua_human": human(texts),
        "used_memory_scripts_eval": script_bytes,
        "number_of_cached_scripts": scripts,
        "number_of_functions": functions,
        "number_of_libraries": libraries,
        "used_memory_vm_functions": library_bytes,
        "used_memory_vm_total": texts,
        "used_memory_vm_total_human": human(texts),
        "used_memory_functions": library_bytes,
        "used_memory_scripts": texts,
        "used_memory_scripts_human": human(texts),
        "maxmemory": most,
        "maxmemory_human": human(most),
        "maxmemory_policy": state.settings.text("maxmemory-policy"),
        "allocator_frag_ratio": "1.00",
        "mem_fragmentation_ratio": f"{resident / used:.2f}",
        "mem_fragmentation_bytes": max(0, resident - used),
        "mem_clients_normal": 0,
        "mem_allocator": "libc",
        "active_defrag_running": 0,
        "lazyfree_pending_objects": 0,
        "lazyfreed_objects": 0,
    }


def library_counts(state: ServerState) -> tuple[int, int]:
    """How many libraries there are, and functions in them."""
    counts = state.engine.lua[b"library_counts"]
    libraries, functions = counts() if counts else (0, 0)
    return int(libraries), int(functions)


_JOURNAL_SIZES = ("aof_current_size", "aof_base_size")


def _persistence(state: ServerState) -> Fields:
    journal = state.journal
    return {
        "loading": 0,
        "async_loading": 0,
        "rdb_changes_since_last_save": int(state.engine.lua[b"state"][b"changes"]),
        "rdb_bgsave_in_progress": 0,
        "rdb_last_save_time": int(state.started),
        "rdb_last_bgsave_status": "ok",
        "rdb_last_bgsave_time_sec": -1,
        "rdb_current_bgsave_time_sec": -1,
        "rdb_saves": 0,
        "aof_enabled": int(journal is not None),
        "aof_rewrite_in_progress": int(journal is not None and journal.is_compacting),
        "aof_rewrite_scheduled": 0,
        "aof_last_rewrite_time_sec": -1,
        "aof_current_rewrite_time_sec": -1,
        "aof_last_bgrewrite_status": "err" if journal and journal.compaction_failed else "ok",
        "aof_last_write_status": "err" if journal and journal.refusal else "ok",
        "module_fork_in_progress": 0,
        **(dict(zip(_JOURNAL_SIZES, journal.sizes, strict=True)) if journal else {}),
    }


def _stats(state: ServerState) -> Fields:
    statistics, denials, pubsub = state.statistics, state.users.log.counts, state.pubsub
    connections = [each.connection for each in state.clients.values() if each.connection]
    return {
        "total_connections_received": statistics.connections,
        "total_commands_processed": statistics.commands,
        "instantaneous_ops_per_sec": int(statistics.rate),
        "total_net_input_bytes": statistics.bytes_in + sum(each.bytes_received for each in connections),
        "total_net_output_bytes": statistics.bytes_out + sum(each.bytes_sent for each in connections),
        "total_net_repl_input_bytes": 0,
        "total_net_repl_output_bytes": 0,
        "instantaneous_input_kbps": "0.00",
        "instantaneous_output_kbps": "0.00",
        "rejected_connections": state.refused_connections(),
        "sync_full": 0,
        "sync_partial_ok": 0,
        "sync_partial_err": 0,
        "expired_keys": statistics.expired,
        "expired_fields": int(state.engine.lua[b"state"][b"expired_fields"]),
        "evicted_keys": 0,
        "evicted_clients": statistics.evicted_clients,
        "evicted_scripts": statistics.evicted_scripts,
        "keyspace_hits": 0,
        "keyspace_misses": 0,
        "pubsub_channels": len(pubsub.channels),
        "pubsub_patterns": len(pubsub.patterns),
        "pubsubshard_channels": len(pubsub.shard_channels),
        "latest_fork_usec": 0,
        "total_forks": 0,
        "tracking_total_keys": 0,
        "tracking_total_items": 0,
        "tracking_total_prefixes": 0,
        "unexpected_error_replies": 0,
        "total_error_replies": statistics.error_replies,
        "acl_access_denied_auth": denials["auth"],
        "acl_access_denied_cmd": denials["command"],
        "acl_access_denied_key": denials["key"],
        "acl_access_denied_channel": denials["channel"],
        "acl_access_denied_db": denials["database"],
    }


def _replication(state: ServerState) -> Fields:
    return {
        "role": "master",
        "connected_slaves": len(state.followers.clients),
        "replicas_waiting_psync": 0,
        "master_failover_state": "no-failover",
        "master_replid": state.run_id,
        "master_replid2": "0" * 40,
        "master_repl_offset": 0,
        "second_repl_offset": -1,
        "repl_backlog_active": 0,
        "repl_backlog_size": state.settings.text("repl-backlog-size"),
        "repl_backlog_first_byte_offset": 0,
        "repl_backlog_histlen": 0,
    }


def _cpu(_state: ServerState) -> Fields:
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {
        "used_cpu_sys": f"{own.ru_stime:.6f}",
        "used_cpu_user": f"{own.ru_utime:.6f}",
        "used_cpu_sys_children": f"{children.ru_stime:.6f}",
        "used_cpu_user_children": f"{children.ru_utime:.6f}",
    }


def _modules(state: ServerState) -> Fields:
    if state.settings.is_old:
        return {}
    return {"module": "name=lua,ver=1,api=1,filters=0,usedby=[],using=[],options=[]"}


def _command_statistics(state: ServerState) -> Fields:
    statistics = state.statistics
    names = statistics.calls.keys() | statistics.rejected.keys()
    found = {
        name: [statistics.calls[name], statistics.rejected[name], statistics.failed[name]] for name in names
    }
    counted: list[Any] = list(state.engine.lua[b"call_counts"]().values())
    for name, *counts in zip(*(counted[part::4] for part in range(4)), strict=True):
        before = found.get(name.decode(), (0, 0, 0))
        found[name.decode()] = [one + int(other) for one, other in zip(before, counts, strict=True)]
    return {
        f"cmdstat_{name}": f"calls={calls},usec=0,usec_per_call=0.00,rejected_calls={rejected},failed_calls={failed}"
        for name, (calls, rejected, failed) in sorted(found.items())
    }


def _error_statistics(state: ServerState) -> Fields:
    return {
        f"errorstat_{code}": f"count={count}"
        for code, count in sorted(state.statistics.errors.items())
        if count > 0
    }


def _cluster(state: ServerState) -> Fields:
    return {"cluster_enabled": 1 if state.cluster else 0}


def _keyspace(state: ServerState) -> Fields:
    sizes = [int(each) for each in state.engine.lua[b"database_sizes"]().values()]
    found = {
        sizes[at]: f"keys={sizes[at + 1]},expires={sizes[at + 2]},avg_ttl=0" for at in range(0, len(sizes), 3)
    }
    if not state.settings.is_old:
        volatile = state.engine.lua[b"volatile_count"]
        found = {
            number: f"{text},keys_with_volatile_items={int(volatile(number))}"
            for number, text in found.items()
        }
    return {f"db{number}": text for number, text in found.items()}


def _engines(state: ServerState) -> Fields:
    used = used_memory(state)
    return {
        "engines_count": 1,
        "engines_total_used_memory": used,
        "engines_total_memory_overhead": 0,
        "engine_0": f"name=LUA,module=lua,abi_version=4,used_memory={used},memory_overhead=0",
    }


def _nothing(_state: ServerState) -> Fields:
    return {}


SECTIONS: dict[str, tuple[str, Callable[[ServerState], Fields]]] = {
    "server": ("Server", _server),
    "clients": ("Clients", _clients),
    "memory": ("Memory", _memory),
    "persistence": ("Persistence", _persistence),
    "stats": ("Stats", _stats),
    "replication": ("Replication", _replication),
    "cpu": ("CPU", _cpu),
    "modules": ("Modules", _modules),
    "commandstats": ("Commandstats", _command_statistics),
    "errorstats": ("Errorstats", _error_statistics),
    "latencystats": ("Latencystats", _nothing),
    "cluster": ("Cluster", _cluster),
    "scriptingengines": ("Scripting Engines", _engines),
    "keyspace": ("Keyspace", _keyspace),
}
"""Title and maker of each section, in the order of INFO."""

NOT_BY_DEFAULT = frozenset({"commandstats", "latencystats", "scriptingengines"})
"""Sections that only `all` and `everything` show, or their name."""
