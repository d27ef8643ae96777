"""The figures of the Valkey face for the metrics, under the names of the redis exporter.

    redis_up, redis_connected_clients, redis_number_of_functions, redis_db_keys{db="db0"} ...

The Lua state belongs to the thread of the face, which may run a function for long. So that thread takes the figures once a
second, and the metrics show what it has taken last.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from asudfd.figures.figure import COUNTER, GAUGE, Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asudfd.valkey.state import ServerState


def take_figures(state: ServerState) -> tuple[Figure, ...]:
    """The figures now; to be called in the thread of the face."""
    return (*_server(state), *_databases(state))


def _server(state: ServerState) -> Iterator[Figure]:
    lua, counted = state.engine.lua, state.statistics
    libraries, functions = (int(count) for count in lua[b"library_counts"]())
    yield Figure("up", 1, GAUGE, "1 for a node that serves Valkey's protocol.")
    yield Figure("uptime_in_seconds", int(time.time() - state.started), GAUGE, "Seconds since the start.")
    yield Figure("connected_clients", len(state.clients), GAUGE, "Clients now.")
    yield Figure("connections_received_total", counted.connections, COUNTER, "Clients since the start.")
    yield Figure("commands_processed_total", counted.commands, COUNTER, "Commands of clients.")
    yield Figure("errors_total", counted.error_replies, COUNTER, "Replies that were errors.")
    yield Figure("expired_keys_total", counted.expired, COUNTER, "Keys removed because their time was over.")
    yield Figure(
        "memory_used_bytes", int(lua[b"memory_used"]()), GAUGE, "Memory of data, libraries and scripts."
    )
    yield Figure("memory_max_bytes", state.settings.maxmemory, GAUGE, "maxmemory; 0 is no limit.")
    yield Figure("number_of_libraries", libraries, GAUGE, "Libraries of functions.")
    yield Figure("number_of_functions", functions, GAUGE, "Functions of all libraries.")
    yield Figure("number_of_cached_scripts", int(lua[b"script_counts"]()[0]), GAUGE, "Scripts in the cache.")


def _databases(state: ServerState) -> Iterator[Figure]:
    sizes = [int(each) for each in state.engine.lua[b"database_sizes"]().values()]
    for number, keys, expiring in zip(sizes[::3], sizes[1::3], sizes[2::3], strict=True):
        labels = (("db", f"db{number}"),)
        yield Figure("db_keys", keys, GAUGE, "Keys of a database.", labels)
        yield Figure("db_keys_expiring", expiring, GAUGE, "Keys that expire.", labels)
