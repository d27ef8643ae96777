"""SLOWLOG, COMMANDLOG, LATENCY, MEMORY, MODULE and MONITOR."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asudfd.valkey.command_log import PARAMETERS
from asudfd.valkey.commands.arguments import integer
from asudfd.valkey.info_sections import library_counts, used_memory
from asudfd.valkey.reply import OK, CommandFailed, Verbatim
from asudfd.valkey.version import modules

if TYPE_CHECKING:
    from asudfd.valkey.command_log import LoggedCommand
    from asudfd.valkey.request import CommandRequest

SHOWN = 10
BAD_COUNT = "ERR count should be greater than or equal to -1"
LATENCY_OFF = b"Latency is not monitored by asudfd: it records no events. `INFO commandstats` counts calls, and SLOWLOG keeps the slow ones.\n"


def _entry(entry: LoggedCommand) -> list[object]:
    return [
        entry.number,
        entry.time,
        entry.value,
        [*entry.arguments],
        entry.address,
        entry.name,
    ]


def _newest(request: CommandRequest, count: bytes | None, kind: bytes = b"slow") -> object:
    number = SHOWN if count is None else integer(count, low=-1, message=BAD_COUNT)
    entries = [*request.state.command_log.entries(kind)]
    return [_entry(entry) for entry in (entries if number < 0 else entries[:number])]


def slow_get(request: CommandRequest) -> object:
    """SLOWLOG GET [count]."""
    words = request.arguments[2:]
    if len(words) > 1:
        raise CommandFailed("ERR wrong number of arguments for 'slowlog|get' command")
    return _newest(request, words[0] if words else None)


def slow_length(request: CommandRequest) -> object:
    """SLOWLOG LEN."""
    return len(request.state.command_log.entries(b"slow"))


def slow_reset(request: CommandRequest) -> object:
    """SLOWLOG RESET."""
    request.state.command_log.entries(b"slow").clear()
    return OK


def _kind(word: bytes) -> bytes:
    """The kind of a log by its name."""
    if word.lower() not in PARAMETERS:
        raise CommandFailed("ERR type should be one of the following: slow, large-request, large-reply")
    return word.lower()


def log_get(request: CommandRequest) -> object:
    """COMMANDLOG GET count type."""
    count, kind = request.arguments[2:]
    integer(count, low=-1, message=BAD_COUNT)
    return _newest(request, count, _kind(kind))


def log_length(request: CommandRequest) -> object:
    """COMMANDLOG LEN type."""
    return len(request.state.command_log.entries(_kind(request.arguments[2])))


def log_reset(request: CommandRequest) -> object:
    """COMMANDLOG RESET type."""
    request.state.command_log.entries(_kind(request.arguments[2])).clear()
    return OK


def latency_none(_request: CommandRequest) -> object:
    """LATENCY LATEST, LATENCY HISTORY event: nothing is recorded."""
    return []


def latency_reset(_request: CommandRequest) -> object:
    """LATENCY RESET [event...]: the number of events that were recorded."""
    return 0


def latency_doctor(_request: CommandRequest) -> object:
    """LATENCY DOCTOR."""
    return Verbatim(b"txt", LATENCY_OFF)


def latency_graph(request: CommandRequest) -> object:
    """LATENCY GRAPH event."""
    raise CommandFailed(b"ERR No samples available for event '%s'" % request.arguments[2])


def latency_histogram(_request: CommandRequest) -> object:
    """LATENCY HISTOGRAM [command...]."""
    return {}


def memory_doctor(request: CommandRequest) -> object:
    """MEMORY DOCTOR."""
    used, most = used_memory(request.state), request.state.settings.memory
    text = f"The Lua state with all keys, libraries and scripts takes {used} of the {most} bytes that it may take.\n"
    return Verbatim(b"txt", text.encode())


def memory_purge(_request: CommandRequest) -> object:
    """MEMORY PURGE: there is nothing to give back by hand."""
    return OK


def memory_malloc(_request: CommandRequest) -> object:
    """MEMORY MALLOC-STATS."""
    return Verbatim(b"txt", b"Stats not supported for the current allocator")


def memory_stats(request: CommandRequest) -> object:
    """MEMORY STATS."""
    state = request.state
    used = used_memory(state)
    state.memory_peak = max(state.memory_peak, used)
    sizes = [int(each) for each in state.engine.lua[b"database_sizes"]().values()]
    return {
        b"peak.allocated": state.memory_peak,
        b"total.allocated": used,
        b"startup.allocated": state.memory_at_start,
        b"replication.backlog": 0,
        b"clients.slaves": 0,
        b"clients.normal": 0,
        b"cluster.links": 0,
        b"aof.buffer": 0,
        b"lua.caches": 0,
        b"functions.caches": 0,
        b"overhead.total": state.memory_at_start,
        b"keys.count": sum(sizes[1::3]),
        b"keys.bytes-per-key": max(0, used - state.memory_at_start) // max(1, sum(sizes[1::3])),
        b"dataset.bytes": max(0, used - state.memory_at_start),
        b"dataset.percentage": 100.0 * max(0, used - state.memory_at_start) / used,
        b"peak.percentage": 100.0 * used / state.memory_peak,
        b"libraries.count": library_counts(state)[0],
    }


def module_list(request: CommandRequest) -> object:
    """MODULE LIST."""
    return modules(request.state.settings)


def no_module(_request: CommandRequest) -> object:
    """MODULE LOAD, LOADEX, UNLOAD."""
    raise CommandFailed("ERR modules are not supported by asudfd")


def monitor(request: CommandRequest) -> object:
    """MONITOR."""
    request.client.is_monitor = True
    request.client.settle()
    request.state.begin_monitor(request.client)
    return OK


HANDLERS = {
    "slowlog|get": slow_get,
    "slowlog|len": slow_length,
    "slowlog|reset": slow_reset,
    "commandlog|get": log_get,
    "commandlog|len": log_length,
    "commandlog|reset": log_reset,
    "latency|latest": latency_none,
    "latency|history": latency_none,
    "latency|reset": latency_reset,
    "latency|doctor": latency_doctor,
    "latency|graph": latency_graph,
    "latency|histogram": latency_histogram,
    "memory|doctor": memory_doctor,
    "memory|purge": memory_purge,
    "memory|malloc-stats": memory_malloc,
    "memory|stats": memory_stats,
    "module|list": module_list,
    "module|load": no_module,
    "module|loadex": no_module,
    "module|unload": no_module,
    "monitor": monitor,
}
